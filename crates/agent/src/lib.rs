//! skerry-agent
