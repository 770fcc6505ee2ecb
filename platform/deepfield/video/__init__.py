"""Video: frames of a film as rows, and pictures as a film. FFmpeg is loaded on first use."""

from deepfield.video.reading import Video, VideoOptions

__all__ = ["Video", "VideoOptions"]
