//! The expressions of XLSForm, as far as a rule of a form can say them: comparisons, `selected`, `regex`,
//! `string-length`, `count-selected`, `today`, put together with `and`, `or` and `not`. Anything else is named.

use fieldseal_packet::form::rule::{MAX_DEPTH, Operand, Relation, Rule};

/// Longest expression, bytes.
const MAX_LENGTH: usize = 4000;

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Name(String),
    Field(String),
    Text(String),
    Number(f64),
    Dot,
    Open,
    Close,
    Comma,
    Is(Relation),
}

/// Reads one; what is not supported comes back in words.
pub(crate) fn parse(text: &str) -> Result<Rule, String> {
    if text.len() > MAX_LENGTH {
        return Err("the expression is too long".to_owned());
    }
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
    };
    let rule = parser.either(MAX_DEPTH)?;
    if let Some(rest) = parser.peek() {
        return Err(format!("{} is not supported", said(rest)));
    }
    if rule.is_sound() {
        Ok(rule)
    } else {
        Err("the expression is too deep, too large, or its pattern is not supported".to_owned())
    }
}

fn said(token: &Token) -> String {
    match token {
        Token::Name(name) => name.clone(),
        Token::Field(name) => format!("${{{name}}}"),
        Token::Text(text) => format!("'{text}'"),
        Token::Number(number) => number.to_string(),
        Token::Dot => ".".to_owned(),
        Token::Open => "(".to_owned(),
        Token::Close => ")".to_owned(),
        Token::Comma => ",".to_owned(),
        Token::Is(_) => "a comparison".to_owned(),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = token(rest, first, tokens.last())?;
        tokens.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(tokens)
}

fn token(rest: &str, first: char, before: Option<&Token>) -> Result<(Token, usize), String> {
    let second = rest[first.len_utf8()..].chars().next();
    let long = |accept: fn(char) -> bool| rest.find(|c| !accept(c)).unwrap_or(rest.len());
    let is_digit = |c: char| c.is_ascii_digit();
    Ok(match first {
        '(' => (Token::Open, 1),
        ')' => (Token::Close, 1),
        ',' => (Token::Comma, 1),
        '=' => (Token::Is(Relation::Equal), 1),
        '!' if second == Some('=') => (Token::Is(Relation::NotEqual), 2),
        '<' if second == Some('=') => (Token::Is(Relation::AtMost), 2),
        '>' if second == Some('=') => (Token::Is(Relation::AtLeast), 2),
        '<' => (Token::Is(Relation::Less), 1),
        '>' => (Token::Is(Relation::More), 1),
        '\'' | '"' => {
            let inner = &rest[1..];
            let end = inner.find(first).ok_or("a text without an end")?;
            (Token::Text(inner[..end].to_owned()), end + 2)
        }
        '$' if second == Some('{') => {
            let end = rest.find('}').ok_or("a reference without an end")?;
            (Token::Field(rest[2..end].trim().to_owned()), end + 1)
        }
        '.' if !second.is_some_and(is_digit) => match second {
            Some('.' | '/') => return Err("a path is not supported".to_owned()),
            _ => (Token::Dot, 1),
        },
        '-' if second.is_some_and(is_digit)
            && matches!(
                before,
                None | Some(Token::Is(_) | Token::Open | Token::Comma)
            ) =>
        {
            let end = 1 + rest[1..]
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len() - 1);
            (number(&rest[..end])?, end)
        }
        '0'..='9' | '.' => {
            let end = long(|c| c.is_ascii_digit() || c == '.');
            (number(&rest[..end])?, end)
        }
        'a'..='z' | 'A'..='Z' | '_' => {
            let end = long(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'));
            (Token::Name(rest[..end].to_owned()), end)
        }
        '/' => return Err("a path is not supported".to_owned()),
        other => return Err(format!("{other} is not supported")),
    })
}

fn number(text: &str) -> Result<Token, String> {
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number
        .map(Token::Number)
        .ok_or_else(|| format!("{text} is no number"))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &Token) -> Result<(), String> {
        match self.take(wanted) {
            true => Ok(()),
            false => Err(match self.peek() {
                Some(found) => format!("{} where {} was expected", said(found), said(wanted)),
                None => format!("{} is missing", said(wanted)),
            }),
        }
    }

    fn either(&mut self, depth: usize) -> Result<Rule, String> {
        let depth = depth.checked_sub(1).ok_or("the expression is too deep")?;
        let mut rules = vec![self.both(depth)?];
        while self.take(&Token::Name("or".to_owned())) {
            rules.push(self.both(depth)?);
        }
        Ok(joined(rules, Rule::Any))
    }

    fn both(&mut self, depth: usize) -> Result<Rule, String> {
        let mut rules = vec![self.one(depth)?];
        while self.take(&Token::Name("and".to_owned())) {
            rules.push(self.one(depth)?);
        }
        Ok(joined(rules, Rule::All))
    }

    fn one(&mut self, depth: usize) -> Result<Rule, String> {
        if self.take(&Token::Open) {
            let rule = self.either(depth)?;
            self.expect(&Token::Close)?;
            return Ok(rule);
        }
        let name = match self.peek() {
            Some(Token::Name(name)) => Some(name.clone()),
            _ => None,
        };
        match name.as_deref() {
            Some("not") => {
                self.called()?;
                let rule = self.either(depth)?;
                self.expect(&Token::Close)?;
                Ok(Rule::Not(Box::new(rule)))
            }
            Some(name @ ("true" | "false")) => {
                let always = name == "true";
                self.called()?;
                self.expect(&Token::Close)?;
                Ok(if always {
                    Rule::All(vec![])
                } else {
                    Rule::Any(vec![])
                })
            }
            Some("selected") => {
                let (of, choice) = self.with_text()?;
                Ok(Rule::Selected { of, choice })
            }
            Some("regex") => {
                let (of, pattern) = self.with_text()?;
                // Whole texts are held against it: these say so once more.
                let pattern = pattern.strip_prefix('^').unwrap_or(&pattern);
                let whole = pattern
                    .strip_suffix('$')
                    .filter(|rest| !rest.ends_with('\\'));
                Ok(Rule::Matches {
                    of,
                    pattern: whole.unwrap_or(pattern).to_owned(),
                })
            }
            _ => self.comparison(),
        }
    }

    /// The name of a function and the bracket behind it.
    fn called(&mut self) -> Result<(), String> {
        self.next();
        self.expect(&Token::Open)
    }

    fn with_text(&mut self) -> Result<(Operand, String), String> {
        self.called()?;
        let of = self.value()?;
        self.expect(&Token::Comma)?;
        let Some(Token::Text(text)) = self.next() else {
            return Err("only a text in quotes is supported there".to_owned());
        };
        self.expect(&Token::Close)?;
        Ok((of, text))
    }

    /// A field, or the value itself.
    fn value(&mut self) -> Result<Operand, String> {
        match self.next() {
            Some(Token::Field(name)) => Ok(Operand::Field(name)),
            Some(Token::Dot) => Ok(Operand::This),
            Some(other) => Err(format!("{} is not supported there", said(&other))),
            None => Err("the expression breaks off".to_owned()),
        }
    }

    fn comparison(&mut self) -> Result<Rule, String> {
        let left = self.operand()?;
        let is = match self.next() {
            Some(Token::Is(is)) => is,
            Some(other) => return Err(format!("{} is not supported", said(&other))),
            None => return Err("a value alone says nothing that can be true".to_owned()),
        };
        let right = self.operand()?;
        Ok(Rule::Compare { left, is, right })
    }

    fn operand(&mut self) -> Result<Operand, String> {
        let name = match self.peek() {
            Some(Token::Name(name)) => name.clone(),
            Some(Token::Text(text)) => {
                let text = Operand::Text(text.clone());
                self.at += 1;
                return Ok(text);
            }
            Some(Token::Number(number)) => {
                let number = Operand::Number(*number);
                self.at += 1;
                return Ok(number);
            }
            _ => return self.value(),
        };
        let operand = match name.as_str() {
            "today" => {
                self.called()?;
                Operand::Today
            }
            "string-length" => {
                self.called()?;
                Operand::Length(Box::new(self.value()?))
            }
            "count-selected" => {
                self.called()?;
                Operand::Count(Box::new(self.value()?))
            }
            "date" => {
                self.called()?;
                match self.next() {
                    Some(Token::Text(day)) => Operand::Text(day),
                    _ => return Err("date() takes a day in quotes".to_owned()),
                }
            }
            other => return Err(format!("{other} is not supported")),
        };
        self.expect(&Token::Close)?;
        Ok(operand)
    }
}

fn joined(mut rules: Vec<Rule>, join: fn(Vec<Rule>) -> Rule) -> Rule {
    match rules.pop() {
        Some(only) if rules.is_empty() => only,
        Some(last) => {
            rules.push(last);
            join(rules)
        }
        None => join(rules),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_supported_becomes_a_rule() {
        let field = |name: &str| json!({"field": name});
        let selected =
            |name: &str, choice: &str| json!({"selected": {"of": field(name), "choice": choice}});
        let compare =
            |left, is: &str, right| json!({"compare": {"left": left, "is": is, "right": right}});
        for (text, rule) in [
            (
                "${a} = 'x'",
                compare(field("a"), "equal", json!({"text": "x"})),
            ),
            (
                "${a}!=\"\"",
                compare(field("a"), "not-equal", json!({"text": ""})),
            ),
            (
                "selected(${a}, 'x') and ${n} >= 3",
                json!({"all": [selected("a", "x"), compare(field("n"), "at-least", json!({"number": 3.0}))]}),
            ),
            (
                "selected(${a},'x') or not(selected(${b}, 'y'))",
                json!({"any": [selected("a", "x"), {"not": selected("b", "y")}]}),
            ),
            (
                ". > -1.5 and .<100",
                json!({"all": [compare(json!("this"), "more", json!({"number": -1.5})), compare(json!("this"), "less", json!({"number": 100.0}))]}),
            ),
            (
                "string-length(.) <= 18",
                compare(
                    json!({"length": "this"}),
                    "at-most",
                    json!({"number": 18.0}),
                ),
            ),
            (
                "count-selected(${p}) = 2",
                compare(
                    json!({"count": field("p")}),
                    "equal",
                    json!({"number": 2.0}),
                ),
            ),
            (
                ". >= today()",
                compare(json!("this"), "at-least", json!("today")),
            ),
            (
                ". < date('2026-01-01')",
                compare(json!("this"), "less", json!({"text": "2026-01-01"})),
            ),
            (
                "regex(., '^[A-Z]{2}-\\d+$')",
                json!({"matches": {"of": "this", "pattern": "[A-Z]{2}-\\d+"}}),
            ),
            (
                "(${a} = 'x' or ${a} = 'y') and true()",
                json!({"all": [{"any": [compare(field("a"), "equal", json!({"text": "x"})), compare(field("a"), "equal", json!({"text": "y"}))]}, {"all": []}]}),
            ),
        ] {
            let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(serde_json::to_value(parsed).unwrap(), rule, "{text}");
        }
    }

    #[test]
    fn what_is_not_is_said() {
        for (text, what) in [
            ("", "breaks off"),
            ("${a}", "a value alone"),
            ("${a} + 1 > 2", "+ is not supported"),
            ("${a} * 2 = 4", "* is not supported"),
            ("if(${a} = 'x', 1, 2) = 1", "if is not supported"),
            ("/data/a = 'x'", "a path"),
            ("../a = 'x'", "a path"),
            ("${a} = 'x", "without an end"),
            ("${a", "without an end"),
            ("selected(${a}, ${b})", "in quotes"),
            ("selected(${a}, 'x'", ") is missing"),
            ("${a} = 'x' ${b}", "${b} is not supported"),
            ("${a} = 1.2.3", "no number"),
            ("regex(., '(')", "pattern"),
            ("${a} = “x”", "“ is not supported"),
            ("now() > today()", "now is not supported"),
            ("((((((((((((${a} = 'x'))))))))))))", "too deep"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(what), "{text}: {error}");
        }
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&"not(".repeat(900)).is_err());
    }
}
