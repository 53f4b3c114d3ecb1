//! skerry-console
