"""Residual networks for images of 32 x 32 pixels (He et al., 2016), with the augmentation in front of them."""

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, pad

from skcb import NormalizedLinear

PADDING = 4  # pixels on each side, out of which the crop is cut


class CifarResNet(nn.Module):
    """A residual network without parameters in its shortcuts; it takes images as they lie in the file.

    Parameters
    ----------
    n_classes : int
        Number of classes.
    depth : int, default=32
        Layers with weights, 6 n + 2: n blocks of two in each of three stages.
    width : int, default=16
        Channels of the first stage; the others have twice and four times as many.
    stride : int, default=1
        Of the first convolution; 2 leaves a quarter of the work, for machines without a GPU.
    cosine : bool, default=False
        Whether the last layer gives cosines, as LDAM needs.
    """

    def __init__(
        self, n_classes: int, *, depth: int = 32, width: int = 16, stride: int = 1, cosine: bool = False
    ) -> None:
        super().__init__()
        n_blocks, rest = divmod(depth - 2, 6)
        if rest or n_blocks < 1:
            raise ValueError(f"depth must be 6 n + 2: 8, 14, 20, 26, 32, ..., got {depth}")
        if width < 1:
            raise ValueError(f"width must be at least 1, got {width}")
        self.images = AugmentedImages()
        self.stem = nn.Sequential(_convolution(3, width, stride), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        channels = [width, *(width * 2**stage for stage in range(3) for _ in range(n_blocks))]
        self.blocks = nn.Sequential(*map(ResidualBlock, channels, channels[1:]))
        self.logits = (NormalizedLinear if cosine else nn.Linear)(channels[-1], n_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits (N, n_classes) of images (N, 32, 32, 3), uint8.

        The convolutions are computed in the precision of their weights, the last layer in float32.
        """
        X = self.images(images).to(self.stem[0].weight.dtype)
        return self.logits(self.blocks(self.stem(X)).mean((2, 3), dtype=torch.float32))


class ResidualBlock(nn.Module):
    """Two convolutions and a shortcut; where channels are added, rows and columns are halved."""

    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.halves = out_channels != channels
        self.first = _convolution(channels, out_channels, 2 if self.halves else 1)
        self.first_norm = nn.BatchNorm2d(out_channels)
        self.second = _convolution(out_channels, out_channels, 1)
        self.second_norm = nn.BatchNorm2d(out_channels)
        self.missing = out_channels - channels

    def forward(self, X: Tensor) -> Tensor:
        """Return maps of (N, out_channels, H, W), or of half of H and W."""
        residual = self.second_norm(self.second(self.first_norm(self.first(X)).relu_()))
        return (residual + self.shortcut(X)).relu_()

    def shortcut(self, X: Tensor) -> Tensor:
        """Return X itself; halved by averages of 2 x 2, with channels of zeros on both sides (option A)."""
        if not self.halves:
            return X
        before = self.missing // 2
        return pad(avg_pool2d(X, 2), (0, 0, 0, 0, before, self.missing - before))


class AugmentedImages(nn.Module):
    """Bytes (N, H, W, 3) to numbers from -1 to 1 (N, 3, H, W); in training, shifted and mirrored at random.

    It works on whole batches where they lie, so that no image goes from the processor to the accelerator twice.
    """

    def forward(self, images: Tensor) -> Tensor:
        """Draw a crop and a side for each image of a training batch."""
        if self.training:
            images = augmented(images)
        return images.permute(0, 3, 1, 2).float() / 128 - 1


def augmented(images: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Shift and mirror each of the images (N, H, W, 3) at random."""
    n_images, device = len(images), images.device
    top, left = torch.randint(2 * PADDING + 1, (2, n_images), device=device, generator=generator)
    flipped = torch.rand(n_images, device=device, generator=generator) < 0.5
    return crop_and_flip(images, top, left, flipped)


def crop_and_flip(images: Tensor, top: Tensor, left: Tensor, flipped: Tensor) -> Tensor:
    """Cut images (N, H, W, 3) out of themselves with a black border, from row `top` and column `left` on.

    Those `flipped` are mirrored, left to right. The other arguments have one entry per image.
    """
    n_images, height, width, _ = images.shape
    bordered = pad(images, (0, 0, *[PADDING] * 4))
    which = torch.arange(n_images, device=images.device)
    rows = top[:, None] + torch.arange(height, device=images.device)
    columns = left[:, None] + torch.arange(width, device=images.device)
    columns = torch.where(flipped[:, None], columns.flip(1), columns)
    return bordered[which[:, None, None], rows[:, :, None], columns[:, None, :]]


def _convolution(channels: int, out_channels: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(channels, out_channels, 3, stride=stride, padding=1, bias=False)
