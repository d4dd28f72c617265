//! Rules on built images, one file each.
