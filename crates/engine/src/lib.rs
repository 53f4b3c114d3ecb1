//! skerry-engine
