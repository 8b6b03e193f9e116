"""What loaders of data sets share: file formats, splits and scaling."""
