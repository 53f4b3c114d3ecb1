//! skerry-secrets
