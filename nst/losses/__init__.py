"""The losses of a picture, as functions of activations."""
