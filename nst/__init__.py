"""nst: experiment-tracked hyperparameter sweeps for neural style transfer."""

from nst.version import __version__ as __version__
