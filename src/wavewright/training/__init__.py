"""Training: one loop for every family, exact resume, health, reports and export; see docs/architecture.md."""
