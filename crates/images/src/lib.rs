//! skerry-images
