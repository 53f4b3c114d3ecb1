//! A flat table as a Parquet file: columns of texts, numbers and times, in which a value may be
//! missing. Rows are gathered until there are so many cells and written as a row group.

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::Result;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

/// So many cells at most are held in memory.
const CELLS: usize = 2_000_000;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// UTF-8.
    Text,
    /// A double; NaN and the infinities are numbers too.
    Number,
    /// Milliseconds since the epoch, UTC.
    Time,
}

/// A value of a column of its kind.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    Number(f64),
    Time(i64),
}

enum Values {
    Text(Vec<ByteArray>),
    Number(Vec<f64>),
    Time(Vec<i64>),
}

struct Column {
    values: Values,
    /// 1 for each row that has a value, 0 for the others.
    there: Vec<i16>,
}

/// A table that is being written.
pub(crate) struct ParquetFile<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    columns: Vec<Column>,
    /// Rows that are gathered, and so many make a row group.
    rows: usize,
    most: usize,
}

impl<W: Write + Send> ParquetFile<W> {
    /// Begins a table with these columns, whose names are unlike.
    pub(crate) fn new(out: W, columns: &[(String, Kind)]) -> Result<Self> {
        let fields = columns
            .iter()
            .map(|(name, kind)| {
                let (physical, logical) = match kind {
                    Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
                    Kind::Number => (Physical::DOUBLE, None),
                    Kind::Time => (
                        Physical::INT64,
                        Some(LogicalType::timestamp(true, TimeUnit::MILLIS)),
                    ),
                };
                let field = Type::primitive_type_builder(name, physical)
                    .with_repetition(Repetition::OPTIONAL)
                    .with_logical_type(logical)
                    .build()?;
                Ok(Arc::new(field))
            })
            .collect::<Result<_>>()?;
        let schema = Type::group_type_builder("schema")
            .with_fields(fields)
            .build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("skerry ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        Ok(Self {
            writer: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
            columns: columns
                .iter()
                .map(|(_, kind)| Column {
                    values: match kind {
                        Kind::Text => Values::Text(Vec::new()),
                        Kind::Number => Values::Number(Vec::new()),
                        Kind::Time => Values::Time(Vec::new()),
                    },
                    there: Vec::new(),
                })
                .collect(),
            rows: 0,
            most: (CELLS / columns.len().max(1)).max(1),
        })
    }

    /// Adds a row: a cell for each column. One of another kind than its column is none.
    pub(crate) fn push(&mut self, cells: impl IntoIterator<Item = Option<Cell>>) -> Result<()> {
        let mut cells = cells.into_iter();
        for column in &mut self.columns {
            let there = match (&mut column.values, cells.next().flatten()) {
                (Values::Text(values), Some(Cell::Text(value))) => {
                    values.push(ByteArray::from(value.into_bytes()));
                    1
                }
                (Values::Number(values), Some(Cell::Number(value))) => {
                    values.push(value);
                    1
                }
                (Values::Time(values), Some(Cell::Time(value))) => {
                    values.push(value);
                    1
                }
                _ => 0,
            };
            column.there.push(there);
        }
        self.rows += 1;
        if self.rows >= self.most {
            self.write_group()?;
        }
        Ok(())
    }

    /// Ends the table; answers what it was written to.
    pub(crate) fn finish(mut self) -> Result<W> {
        if self.rows > 0 {
            self.write_group()?;
        }
        self.writer.into_inner()
    }

    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column()? else {
                break;
            };
            let there = std::mem::take(&mut column.there);
            match &mut column.values {
                Values::Text(values) => {
                    let values = std::mem::take(values);
                    writer
                        .typed::<ByteArrayType>()
                        .write_batch(&values, Some(&there), None)?;
                }
                Values::Number(values) => {
                    let values = std::mem::take(values);
                    writer
                        .typed::<DoubleType>()
                        .write_batch(&values, Some(&there), None)?;
                }
                Values::Time(values) => {
                    let values = std::mem::take(values);
                    writer
                        .typed::<Int64Type>()
                        .write_batch(&values, Some(&there), None)?;
                }
            }
            writer.close()?;
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use parquet::basic::ConvertedType;
    use parquet::file::reader::{FileReader as _, SerializedFileReader};
    use parquet::record::Field;

    use super::*;

    #[test]
    fn what_was_written_is_read_by_type_over_row_groups() {
        let columns = [
            ("name".to_owned(), Kind::Text),
            ("metrics.a.b".to_owned(), Kind::Number),
            ("start_time".to_owned(), Kind::Time),
        ];
        let mut file = ParquetFile::new(Vec::new(), &columns).unwrap();
        file.most = 2;
        let rows = [
            (Some("ö, \"x\"\n"), Some(f64::NAN), Some(-1)),
            (None, Some(f64::NEG_INFINITY), None),
            (Some(""), None, Some(1_795_736_999_999)),
        ];
        for (name, number, time) in rows {
            file.push([
                name.map(|name| Cell::Text(name.to_owned())),
                number.map(Cell::Number),
                time.map(Cell::Time),
            ])
            .unwrap();
        }
        let bytes = file.finish().unwrap();
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        assert_eq!(reader.metadata().num_row_groups(), 2);
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let kinds: Vec<_> = schema
            .columns()
            .iter()
            .map(|column| (column.name().to_owned(), column.converted_type()))
            .collect();
        let kind = |name: &str, kind| (name.to_owned(), kind);
        assert_eq!(
            kinds,
            [
                kind("name", ConvertedType::UTF8),
                kind("metrics.a.b", ConvertedType::NONE),
                kind("start_time", ConvertedType::TIMESTAMP_MILLIS),
            ]
        );
        let read: Vec<Vec<Field>> = reader
            .get_row_iter(None)
            .unwrap()
            .map(|row| {
                let row = row.unwrap();
                row.get_column_iter()
                    .map(|(_, field)| field.clone())
                    .collect()
            })
            .collect();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0][0], Field::Str("ö, \"x\"\n".to_owned()));
        assert!(matches!(read[0][1], Field::Double(value) if value.is_nan()));
        assert_eq!(read[0][2], Field::TimestampMillis(-1));
        assert_eq!(
            read[1],
            [Field::Null, Field::Double(f64::NEG_INFINITY), Field::Null]
        );
        assert_eq!(
            read[2],
            [
                Field::Str(String::new()),
                Field::Null,
                Field::TimestampMillis(1_795_736_999_999)
            ]
        );
    }

    #[test]
    fn a_table_without_rows_is_one() {
        let file = ParquetFile::new(Vec::new(), &[("a".to_owned(), Kind::Text)]).unwrap();
        let bytes = bytes::Bytes::from(file.finish().unwrap());
        let reader = SerializedFileReader::new(bytes).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    }
}
