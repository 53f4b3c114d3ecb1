//! skerry-mlflow
