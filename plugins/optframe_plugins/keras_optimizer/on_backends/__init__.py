"""Steps of Keras on each of its backends; these modules import keras at their tops."""
