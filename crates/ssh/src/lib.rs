//! skerry-ssh
