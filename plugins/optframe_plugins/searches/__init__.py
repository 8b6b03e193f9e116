"""Line searches, one per file."""
