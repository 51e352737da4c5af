"""ConvNeXt blocks over frames: equal to torch's convolution, and streaming equal to whole clips."""

import pytest
import torch
from torch.nn import functional as F

from wavewright.nn.convnext import ConvNeXtStack, DepthwiseConv, _ShiftedSum, split_memory


@pytest.mark.parametrize("look_ahead", [0, 1, 2])
def test_depthwise_convolution_equals_conv1d(look_ahead):
    torch.manual_seed(0)
    conv = DepthwiseConv(6, 5, look_ahead)
    frames = torch.randn(2, 9, 6)
    padded = F.pad(frames.transpose(1, 2), (4 - look_ahead, look_ahead))
    expected = F.conv1d(padded, conv.weight.t().unsqueeze(1), conv.bias, groups=6).transpose(1, 2)
    torch.testing.assert_close(conv(frames), expected)


def test_gradients_of_depthwise_convolution_equal_those_of_conv1d():
    torch.manual_seed(0)
    conv = DepthwiseConv(4, 3).double()
    frames = torch.randn(2, 6, 4, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 6, 4, dtype=torch.float64)
    expected = F.conv1d(F.pad(frames.transpose(1, 2), (2, 0)), conv.weight.t().unsqueeze(1), conv.bias, groups=4)
    inputs = [frames, conv.weight, conv.bias]
    expected_gradients = torch.autograd.grad((expected.transpose(1, 2) * weights).sum(), inputs)
    torch.testing.assert_close(torch.autograd.grad((conv(frames) * weights).sum(), inputs), expected_gradients)
    assert torch.autograd.gradgradcheck(_ShiftedSum.apply, inputs)  # as gradient penalties need


@pytest.mark.parametrize("chunks", [[1] * 12, [5, 1, 6], [12]])
def test_streaming_with_memory_equals_the_whole_clip(chunks):
    torch.manual_seed(0)
    blocks = ConvNeXtStack(3, 8, 16, 5)
    frames = torch.randn(2, 12, 8)
    whole, _ = blocks(frames)
    memory, outputs = torch.zeros(2, blocks.memory_size), []
    for chunk in frames.split(chunks, 1):
        output, memory = blocks(chunk, memory)
        outputs.append(output)
    torch.testing.assert_close(torch.cat(outputs, 1), whole)


def test_causal_blocks_do_not_depend_on_later_frames():
    torch.manual_seed(0)
    blocks = ConvNeXtStack(2, 4, 8, 3)
    frames = torch.randn(1, 10, 4, requires_grad=True)
    blocks(frames)[0][:, 5].sum().backward()
    assert frames.grad[:, 6:].abs().max() == 0
    assert frames.grad[:, 5].abs().max() > 0


def test_memory_is_split_by_size():
    memories = split_memory(torch.arange(6.0).view(1, 6), [2, 4])
    assert [memory.tolist() for memory in memories] == [[[0, 1]], [[2, 3, 4, 5]]]
    assert split_memory(None, [2, 4]) == [None, None]
