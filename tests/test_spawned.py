"""Scripts whose calls start processes: they run once, and need no guard around their calls."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import soundfile

CALLS = {
    "edit": 'wavewright.edit("sounds", "out", do="gain -6dB", workers=2, quiet=True)',
}


@pytest.mark.parametrize("task", CALLS)
def test_a_script_without_a_guard_runs_once(tmp_path, task):
    (tmp_path / "sounds").mkdir()
    wave = np.linspace(-0.5, 0.5, 800)
    for name in "ab":
        soundfile.write(tmp_path / "sounds" / f"{name}.wav", wave, 8_000, "FLOAT")
    script = tmp_path / "script.py"
    script.write_text(f'import wavewright\n\nprint("begins")\n{CALLS[task]}\n', encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], check=False, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("begins")) == (0, 1), done.stderr
    assert "Traceback" not in done.stderr
    for name in "ab":
        edited, _ = soundfile.read(tmp_path / "out" / f"{name}.wav")
        np.testing.assert_allclose(edited, wave * 10 ** (-6 / 20), atol=1e-4)
