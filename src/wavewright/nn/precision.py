"""Support of a device for 16-bit arithmetic."""

from __future__ import annotations

from collections.abc import Callable

import torch

# Typed here, since torch leaves it untyped.
_has_onednn: Callable[[], bool] = torch.backends.mkldnn.is_available
_onednn_has_bfloat16: Callable[[], bool] = torch.ops.mkldnn._is_mkldnn_bf16_supported


def supports_bfloat16(device: torch.device) -> bool:
    """Return True where a device multiplies bfloat16 in hardware, as far as torch reports it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # On a CPU torch multiplies by oneDNN, which its builds for Apple lack.
    # That may be limited to older instructions (ONEDNN_MAX_CPU_ISA), with which some products fail in bfloat16.
    if device.type != "cpu" or not _has_onednn() or not _onednn_has_bfloat16():
        return False
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("bf16"))  # of x86, of ARM
