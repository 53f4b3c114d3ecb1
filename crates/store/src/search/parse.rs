//! MLflow's search language: comparisons joined by AND; for runs also by OR, with
//! parentheses, which MLflow does not have.

use skerry_domain::{Code, ErrorBody, Reason};

use crate::StoreError;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    Ilike,
    In,
    NotIn,
    IsNull,
    IsNotNull,
}

impl Op {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Like => "LIKE",
            Self::Ilike => "ILIKE",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
        }
    }
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    None,
    Text(String),
    Number(f64, String),
    List(Vec<String>),
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clause {
    /// `metrics`, `params`, …; none for a bare attribute.
    pub entity: Option<String>,
    pub key: String,
    pub op: Op,
    pub value: Value,
    /// Where it begins, in characters.
    pub at: usize,
}

/// Comparisons joined by AND and OR.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expr {
    Is(Clause),
    /// Two at least; nothing when the filter is empty.
    All(Vec<Expr>),
    /// Two at least.
    Any(Vec<Expr>),
}

impl Expr {
    /// This, and a comparison besides.
    pub(crate) fn and(self, clause: Clause) -> Self {
        let besides = Self::Is(clause);
        match self {
            Self::All(parts) if parts.is_empty() => besides,
            Self::All(mut parts) => {
                parts.push(besides);
                Self::All(parts)
            }
            other => Self::All(vec![other, besides]),
        }
    }
}

/// Parentheses in parentheses.
const DEPTH: usize = 50;
/// Comparisons in one filter, and values in all its lists: SQLite takes no more.
const CLAUSES: usize = 500;
const LISTED: usize = 10_000;

/// A field to order by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    pub entity: Option<String>,
    pub key: String,
    pub ascending: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// Bare word.
    Word(String),
    /// In backticks.
    Ticked(String),
    /// In quotation marks.
    Quoted(String),
    Number(f64, String),
    Compare(Op),
    Dot,
    Open,
    Close,
    Comma,
}

pub(crate) fn error(at: usize, message: impl Into<String>) -> StoreError {
    StoreError::Input(
        ErrorBody::new(Code::Invalid, message)
            .because(Reason::FilterSyntax)
            .with("position", at.to_string()),
    )
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Lexer<'a> {
    chars: std::iter::Peekable<std::iter::Enumerate<std::str::Chars<'a>>>,
}

impl Lexer<'_> {
    fn while_true(&mut self, out: &mut String, keep: impl Fn(char) -> bool) {
        while let Some((_, c)) = self.chars.next_if(|(_, c)| keep(*c)) {
            out.push(c);
        }
    }

    fn until(&mut self, end: char, at: usize) -> Result<String, StoreError> {
        let mut out = String::new();
        loop {
            match self.chars.next() {
                None => {
                    return Err(error(
                        at,
                        format!("Invalid filter: a {end} at position {at} is not closed."),
                    ));
                }
                Some((_, c)) if c == end => {
                    // Doubled, it stands for itself.
                    if self.chars.next_if(|(_, c)| *c == end).is_none() {
                        return Ok(out);
                    }
                    out.push(end);
                }
                Some((_, c)) => out.push(c),
            }
        }
    }

    fn token(&mut self, at: usize, c: char, after_dot: bool) -> Result<Token, StoreError> {
        let followed = |this: &mut Self, c: char| this.chars.next_if(|(_, n)| *n == c).is_some();
        Ok(match c {
            '\'' | '"' => Token::Quoted(self.until(c, at)?),
            '`' => Token::Ticked(self.until(c, at)?),
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '=' => Token::Compare(Op::Equal),
            '!' if followed(self, '=') => Token::Compare(Op::NotEqual),
            '<' if followed(self, '=') => Token::Compare(Op::LessOrEqual),
            '<' if followed(self, '>') => Token::Compare(Op::NotEqual),
            '<' => Token::Compare(Op::Less),
            '>' if followed(self, '=') => Token::Compare(Op::GreaterOrEqual),
            '>' => Token::Compare(Op::Greater),
            // After a dot a key may be `1st` or `a.b`.
            c if is_word(c) && (after_dot || !c.is_ascii_digit()) => {
                let mut word = c.to_string();
                let dots = after_dot;
                self.while_true(&mut word, |c| {
                    is_word(c) || (dots && matches!(c, '.' | '/'))
                });
                Token::Word(word)
            }
            '.' if !self.chars.peek().is_some_and(|(_, c)| c.is_ascii_digit()) || after_dot => {
                Token::Dot
            }
            c if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => {
                let mut text = c.to_string();
                loop {
                    self.while_true(&mut text, |c| c.is_ascii_alphanumeric() || c == '.');
                    let exponent = text.ends_with(['e', 'E']);
                    match self
                        .chars
                        .next_if(|(_, c)| exponent && matches!(c, '-' | '+'))
                    {
                        Some((_, sign)) => text.push(sign),
                        None => break,
                    }
                }
                match text.parse::<f64>() {
                    Ok(number) if text.contains(|c: char| c.is_ascii_digit()) => {
                        Token::Number(number, text)
                    }
                    _ => return Err(clause_error(at, &text)),
                }
            }
            other => return Err(clause_error(at, &other.to_string())),
        })
    }
}

fn clause_error(at: usize, what: &str) -> StoreError {
    error(
        at,
        format!("Invalid clause(s) in filter string: '{what}' (at position {at})"),
    )
}

fn lex(text: &str) -> Result<Vec<(usize, Token)>, StoreError> {
    let mut lexer = Lexer {
        chars: text.chars().enumerate().peekable(),
    };
    let mut tokens: Vec<(usize, Token)> = Vec::new();
    let mut spaced = true;
    while let Some((at, c)) = lexer.chars.next() {
        if c.is_whitespace() {
            spaced = true;
            continue;
        }
        // A dot makes a key only right behind a name.
        let behind_name = !spaced
            && matches!(
                tokens.last(),
                Some((_, Token::Word(_) | Token::Ticked(_) | Token::Quoted(_)))
            );
        if c == '.' && behind_name {
            tokens.push((at, Token::Dot));
        } else {
            let after_dot = matches!(tokens.last(), Some((_, Token::Dot)));
            let token = lexer.token(at, c, after_dot)?;
            tokens.push((at, token));
        }
        spaced = false;
    }
    Ok(tokens)
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<(usize, Token)>>,
    end: usize,
    clauses: usize,
    listed: usize,
}

impl Parser {
    fn new(text: &str) -> Result<Self, StoreError> {
        Ok(Self {
            tokens: lex(text)?.into_iter().peekable(),
            end: text.chars().count(),
            clauses: 0,
            listed: 0,
        })
    }

    fn next(&mut self, wanted: &str) -> Result<(usize, Token), StoreError> {
        let end = self.end;
        self.tokens.next().ok_or_else(|| {
            error(
                end,
                format!("Invalid clause(s) in filter string: expected {wanted} at its end."),
            )
        })
    }

    fn word_follows(&mut self, word: &str) -> bool {
        self.tokens
            .next_if(|(_, token)| matches!(token, Token::Word(w) if w.eq_ignore_ascii_case(word)))
            .is_some()
    }

    /// `entity.key`, `key`; either part may be in backticks or quotes.
    fn field(&mut self) -> Result<(usize, Option<String>, String), StoreError> {
        let (at, token) = self.next("a field")?;
        let (Token::Word(first) | Token::Ticked(first) | Token::Quoted(first)) = token else {
            return Err(clause_error(at, &show(&token)));
        };
        if self
            .tokens
            .next_if(|(_, token)| *token == Token::Dot)
            .is_none()
        {
            return Ok((at, None, first));
        }
        let (key_at, token) = self.next("a key")?;
        match token {
            Token::Word(key) | Token::Ticked(key) | Token::Quoted(key) => {
                Ok((at, Some(first), key))
            }
            other => Err(clause_error(key_at, &show(&other))),
        }
    }

    fn op(&mut self) -> Result<Op, StoreError> {
        let (at, token) = self.next("a comparison")?;
        let word = match token {
            Token::Compare(op) => return Ok(op),
            Token::Word(word) => word.to_ascii_uppercase(),
            other => return Err(clause_error(at, &show(&other))),
        };
        Ok(match word.as_str() {
            "LIKE" => Op::Like,
            "ILIKE" => Op::Ilike,
            "IN" => Op::In,
            "NOT" if self.word_follows("IN") => Op::NotIn,
            "IS" if self.word_follows("NULL") => Op::IsNull,
            "IS" if self.word_follows("NOT") && self.word_follows("NULL") => Op::IsNotNull,
            _ => return Err(clause_error(at, &word)),
        })
    }

    fn value(&mut self, op: Op) -> Result<Value, StoreError> {
        if matches!(op, Op::IsNull | Op::IsNotNull) {
            return Ok(Value::None);
        }
        let (at, token) = self.next("a value")?;
        match token {
            Token::Quoted(text) | Token::Ticked(text) => Ok(Value::Text(text)),
            Token::Number(number, text) => Ok(Value::Number(number, text)),
            Token::Open => self.list(at),
            // Words of SQL make no comparison for MLflow.
            Token::Word(word)
                if !["true", "false", "null", "and", "or"]
                    .contains(&word.to_ascii_lowercase().as_str()) =>
            {
                Err(error(
                    at,
                    format!(
                        "Parameter value is either not quoted or unidentified quote types used for \
                         string value {word}. Use either single or double quotes."
                    ),
                ))
            }
            other => Err(clause_error(at, &show(&other))),
        }
    }

    fn list(&mut self, open: usize) -> Result<Value, StoreError> {
        let mut items = Vec::new();
        loop {
            let (at, token) = self.next("a quoted string")?;
            let found = match token {
                Token::Quoted(text) => {
                    items.push(text);
                    None
                }
                Token::Close => Some("a non-empty list of string values, but got empty list"),
                Token::Comma => Some("a non-empty list of string values, but got ill-formed list"),
                _ => {
                    Some("string value, punctuation, or whitespace, but got different type in list")
                }
            };
            if let Some(found) = found {
                return Err(error(
                    at,
                    format!("While parsing a list in the query, expected {found}."),
                ));
            }
            match self.next("a ) or a comma")? {
                (_, Token::Comma) => {}
                (_, Token::Close) => break,
                (at, _) => {
                    return Err(error(
                        at,
                        format!("The list at position {open} is not closed."),
                    ));
                }
            }
            // A comma may end the list, as in Python.
            if self
                .tokens
                .next_if(|(_, token)| *token == Token::Close)
                .is_some()
            {
                break;
            }
        }
        Ok(Value::List(items))
    }
}

fn show(token: &Token) -> String {
    match token {
        Token::Word(text) | Token::Number(_, text) => text.clone(),
        Token::Ticked(text) => format!("`{text}`"),
        Token::Quoted(text) => format!("'{text}'"),
        Token::Compare(op) => op.word().to_owned(),
        Token::Dot => ".".to_owned(),
        Token::Open => "(".to_owned(),
        Token::Close => ")".to_owned(),
        Token::Comma => ",".to_owned(),
    }
}

impl Parser {
    fn clause(&mut self) -> Result<Clause, StoreError> {
        let (at, entity, key) = self.field()?;
        let op = self.op()?;
        let value = self.value(op)?;
        let listed = match &value {
            Value::List(items) => items.len(),
            _ => 0,
        };
        self.clauses += 1;
        self.listed += listed;
        if self.clauses > CLAUSES || self.listed > LISTED {
            return Err(error(
                at,
                format!(
                    "Invalid filter: more than {CLAUSES} comparisons or {LISTED} values in lists."
                ),
            ));
        }
        Ok(Clause {
            entity: entity.map(|entity| entity.to_lowercase()),
            key,
            op,
            value,
            at,
        })
    }

    fn any(&mut self, depth: usize) -> Result<Expr, StoreError> {
        let mut parts = vec![self.all(depth)?];
        while self.word_follows("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(joined(parts, Expr::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expr, StoreError> {
        let mut parts = vec![self.one(depth)?];
        while self.word_follows("AND") {
            parts.push(self.one(depth)?);
        }
        Ok(joined(parts, Expr::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expr, StoreError> {
        let Some((at, _)) = self.tokens.next_if(|(_, token)| *token == Token::Open) else {
            return self.clause().map(Expr::Is);
        };
        if depth >= DEPTH {
            return Err(error(
                at,
                format!("Invalid filter: more than {DEPTH} parentheses in each other."),
            ));
        }
        let inner = self.any(depth + 1)?;
        match self.tokens.next() {
            Some((_, Token::Close)) => Ok(inner),
            Some((at, other)) => Err(clause_error(at, &show(&other))),
            None => Err(error(
                at,
                format!("Invalid filter: a ( at position {at} is not closed."),
            )),
        }
    }
}

/// Parts of parts of the same kind are parts: parentheses that change nothing are gone.
fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1
        && let Some(one) = parts.pop()
    {
        return one;
    }
    let all = matches!(join(Vec::new()), Expr::All(_));
    join(
        parts
            .into_iter()
            .flat_map(|part| match part {
                Expr::All(inner) if all => inner,
                Expr::Any(inner) if !all => inner,
                other => vec![other],
            })
            .collect(),
    )
}

/// A filter as comparisons that must all hold; an empty one has none.
pub(crate) fn filter(text: &str) -> Result<Vec<Clause>, StoreError> {
    let mut clauses = Vec::new();
    if text.trim().is_empty() {
        return Ok(clauses);
    }
    let mut parser = Parser::new(text)?;
    loop {
        clauses.push(parser.clause()?);
        match parser.tokens.next() {
            None => return Ok(clauses),
            Some((_, Token::Word(word))) if word.eq_ignore_ascii_case("AND") => {}
            Some((at, other)) => return Err(clause_error(at, &show(&other))),
        }
    }
}

/// A filter in which OR and parentheses are known too.
pub(crate) fn expression(text: &str) -> Result<Expr, StoreError> {
    if text.trim().is_empty() {
        return Ok(Expr::All(Vec::new()));
    }
    let mut parser = Parser::new(text)?;
    let expr = parser.any(0)?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some((at, other)) => Err(clause_error(at, &show(&other))),
    }
}

/// A field to order by, with `ASC` or `DESC` behind it.
pub(crate) fn order(text: &str) -> Result<Order, StoreError> {
    let bad = || {
        StoreError::Invalid(format!(
            "Invalid order_by clause '{text}'. Could not be parsed."
        ))
    };
    // `Run Name DESC` has a space in its name.
    let trimmed = text.trim();
    let (field, ascending) = match trimmed.rsplit_once(char::is_whitespace) {
        Some((field, word)) if word.eq_ignore_ascii_case("ASC") => (field, true),
        Some((field, word)) if word.eq_ignore_ascii_case("DESC") => (field, false),
        _ => (trimmed, true),
    };
    let plain = field
        .chars()
        .all(|c| is_word(c) || c == ' ')
        .then(|| field.trim());
    if let Some(name) = plain.filter(|name| crate::search::runs::ALIASES.contains(name)) {
        return Ok(Order {
            entity: None,
            key: name.to_owned(),
            ascending,
        });
    }
    let mut parser = Parser::new(field).map_err(|_| bad())?;
    let (_, entity, key) = parser.field().map_err(|_| bad())?;
    if parser.tokens.next().is_some() {
        return Err(bad());
    }
    Ok(Order {
        entity: entity.map(|entity| entity.to_lowercase()),
        key,
        ascending,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(text: &str) -> Vec<(Option<String>, String, Op, Value)> {
        filter(text)
            .unwrap()
            .into_iter()
            .map(|c| (c.entity, c.key, c.op, c.value))
            .collect()
    }

    #[test]
    fn reads_what_mlflow_reads() {
        let got = keys(
            "metrics.acc > 0.9 and params.lr = '0.01' AND tags.`mlflow.user` LIKE '%u' \
             and tags.mlflow.source.name != \"a.py\" and attributes.run_id NOT IN ('a', 'b') \
             and status='FINISHED' and params.\"x y\" IS NOT NULL and metrics.`a-b` <= -1e-3",
        );
        assert_eq!(got.len(), 8);
        assert_eq!(got[0].3, Value::Number(0.9, "0.9".to_owned()));
        assert_eq!(got[2].1, "mlflow.user");
        assert_eq!(got[3].1, "mlflow.source.name");
        assert_eq!(got[4].3, Value::List(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(got[5].0, None);
        assert_eq!(got[6].2, Op::IsNotNull);
        assert_eq!(got[7].3, Value::Number(-1e-3, "-1e-3".to_owned()));
    }

    #[test]
    fn tells_where_it_is_wrong() {
        for (text, at) in [
            ("metrics.a > 1 OR metrics.b > 2", "14"),
            ("metrics.a >", "11"),
            ("metrics.a ~ 1", "10"),
            ("é = 'x' and é", "13"),
            ("params.a = 'x", "11"),
            ("(metrics.a = 1)", "0"),
        ] {
            assert_eq!(position(filter(text).map(|_| ())), at, "{text}");
        }
    }

    fn position<T: std::fmt::Debug>(parsed: Result<T, StoreError>) -> String {
        let StoreError::Input(body) = parsed.unwrap_err() else {
            panic!("an error without a position");
        };
        body.details["position"].clone()
    }

    #[test]
    fn expressions_tell_where_they_are_wrong() {
        let deep = "(".repeat(51);
        let many = vec!["a = 'x'"; 501].join(" or ");
        for (text, at) in [
            ("metrics.a > 1 OR", "16"),
            ("(metrics.a > 1", "0"),
            ("metrics.a > 1)", "13"),
            ("()", "1"),
            ("(a = 'x') b = 'y'", "10"),
            ("a = 'x' and (b = 'y' or )", "24"),
            ("not a = 'x'", "4"),
            (&deep, "50"),
            (&many, "5500"),
        ] {
            assert_eq!(position(expression(text)), at, "{text}");
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let text = "a = '1' or b = '2' and (c = '3' or d = '4')";
        let Expr::Any(parts) = expression(text).unwrap() else {
            panic!("an OR");
        };
        assert!(matches!(parts.as_slice(), [Expr::Is(_), Expr::All(inner)]
            if matches!(inner.as_slice(), [Expr::Is(_), Expr::Any(_)])));
    }

    /// As a person would write it, with no more parentheses than are needed.
    fn render(expr: &Expr) -> String {
        let quoted =
            |text: &str, mark: &str| format!("{mark}{}{mark}", text.replace(mark, &mark.repeat(2)));
        let part = |part: &Expr| match part {
            Expr::Is(_) => render(part),
            _ => format!("({})", render(part)),
        };
        match expr {
            Expr::Is(clause) => {
                let key = quoted(&clause.key, "`");
                let field = match &clause.entity {
                    Some(entity) => format!("{entity}.{key}"),
                    None => key,
                };
                let value = match &clause.value {
                    Value::None => String::new(),
                    Value::Text(text) => quoted(text, "'"),
                    Value::Number(_, text) => text.clone(),
                    Value::List(items) => {
                        let items: Vec<String> =
                            items.iter().map(|item| quoted(item, "\"")).collect();
                        format!("({})", items.join(", "))
                    }
                };
                format!("{field} {} {value}", clause.op.word())
            }
            Expr::All(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" AND "),
            Expr::Any(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" or "),
        }
    }

    fn without_places(expr: &mut Expr) {
        match expr {
            Expr::Is(clause) => clause.at = 0,
            Expr::All(parts) | Expr::Any(parts) => parts.iter_mut().for_each(without_places),
        }
    }

    fn clause() -> impl Strategy<Value = Expr> {
        let entity =
            prop::sample::select(vec![None, Some("metrics"), Some("params"), Some("tags")]);
        let text = || "\\PC{0,6}";
        let compared = prop_oneof![
            (
                prop::sample::select(vec![Op::Equal, Op::NotEqual, Op::Like, Op::Ilike]),
                text()
            )
                .prop_map(|(op, text)| (op, Value::Text(text))),
            (
                prop::sample::select(vec![Op::Less, Op::GreaterOrEqual, Op::Greater]),
                -1e9..1e9_f64
            )
                .prop_map(|(op, number)| (op, Value::Number(number, number.to_string()))),
            (
                prop::sample::select(vec![Op::In, Op::NotIn]),
                prop::collection::vec(text(), 1..4)
            )
                .prop_map(|(op, items)| (op, Value::List(items))),
            prop::sample::select(vec![Op::IsNull, Op::IsNotNull]).prop_map(|op| (op, Value::None)),
        ];
        (entity, "\\PC{1,6}", compared).prop_map(|(entity, key, (op, value))| {
            Expr::Is(Clause {
                entity: entity.map(str::to_owned),
                key,
                op,
                value,
                at: 0,
            })
        })
    }

    fn tree() -> impl Strategy<Value = Expr> {
        clause().prop_recursive(4, 24, 4, |inner| {
            (prop::collection::vec(inner, 2..4), any::<bool>())
                .prop_map(|(parts, all)| joined(parts, if all { Expr::All } else { Expr::Any }))
        })
    }

    #[test]
    fn orders() {
        let wanted = |entity: Option<&str>, key: &str, ascending| Order {
            entity: entity.map(str::to_owned),
            key: key.to_owned(),
            ascending,
        };
        assert_eq!(
            order("metrics.acc DESC").unwrap(),
            wanted(Some("metrics"), "acc", false)
        );
        assert_eq!(
            order("start_time").unwrap(),
            wanted(None, "start_time", true)
        );
        assert_eq!(
            order("Run Name asc").unwrap(),
            wanted(None, "Run Name", true)
        );
        assert_eq!(
            order("params.`a b` desc").unwrap(),
            wanted(Some("params"), "a b", false)
        );
        for bad in ["", "a b", "metrics.a DESC x", "= DESC"] {
            assert!(order(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,80}") {
            let _ = filter(&text);
            let _ = expression(&text);
            let _ = order(&text);
        }

        #[test]
        fn what_is_written_is_read_again(expr in tree()) {
            let text = render(&expr);
            let mut read = expression(&text).unwrap();
            without_places(&mut read);
            prop_assert_eq!(read, expr, "{}", text);
        }

        #[test]
        fn never_panics_on_what_looks_right(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "metrics", ".", "acc", " ", ">", "=", "'x'", "\"", "`", "(", ")", ",", "1e", "-", "IN",
                    "NOT", "IS", "NULL", "and", "or", "0.5", "é", "\u{0}", "LIKE",
                ]),
                0..30,
            )
        ) {
            let text = parts.concat();
            let _ = order(&text);
            for parsed in [filter(&text).map(|_| ()), expression(&text).map(|_| ())] {
                if let Err(StoreError::Input(body)) = parsed {
                    let at: usize = body.details["position"].parse().unwrap();
                    prop_assert!(at <= text.chars().count());
                }
            }
        }
    }
}
