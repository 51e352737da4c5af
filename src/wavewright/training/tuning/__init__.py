"""Search for the settings with which a family learns a folder best, by trainings that are stopped where they lag.

The search itself is Optuna's: a tree-structured Parzen estimator proposes settings, Hyperband decides at nine equally
distant evaluations which trainings go on. A trial is an ordinary run.

References
----------
J. Bergstra et al., "Algorithms for hyper-parameter optimization", 2011.
L. Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", 2018.
T. Akiba et al., "Optuna: a next-generation hyperparameter optimization framework", 2019.
"""
