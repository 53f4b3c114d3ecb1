//! skerry-domain
