//! From a document to a value that fits its shape.

use std::collections::HashMap;
use std::fmt;
use std::sync::{LazyLock, Mutex, PoisonError};

use regex_lite::Regex;

use super::{Member, Shape, Text};
use crate::document::{Item, Node};
use crate::glue::{Fields, Value};

/// Why a document is not a value of a shape. Shows places and what was expected, never a value.
#[derive(Debug, PartialEq, Eq)]
pub enum Rejected {
    /// A value is of another type.
    Malformed(String),
    /// Every constraint that is not satisfied, in the words of AWS's services.
    Invalid(Vec<String>),
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(what) => f.write_str(what),
            Self::Invalid(violations) => {
                let plural = if violations.len() == 1 { "" } else { "s" };
                write!(f, "{} validation error{plural} detected: {}", violations.len(), violations.join("; "))
            }
        }
    }
}

impl Shape {
    /// Reads the members of this structure from `item`. What it has no member for is ignored, as AWS does.
    ///
    /// A skeleton of the AWS CLI may be sent as it is: an empty text counts as absent, and with it a structure or a map's
    /// entry `KeyName` that holds nothing else but what a skeleton fills in.
    ///
    /// # Errors
    /// [`Rejected`], with all violations at once.
    pub fn read(&self, item: &Item) -> Result<Fields, Rejected> {
        let mut reading = Reading { place: Vec::new(), violations: Vec::new() };
        let found = reading.structure(self.members(), item)?;
        if reading.violations.is_empty() {
            Ok(found.fields)
        } else {
            Err(Rejected::Invalid(reading.violations))
        }
    }

    /// Reads one member of this structure; `None` where a skeleton left it empty, or there is no such member.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_member(&self, name: &str, item: &Item) -> Result<Option<Value>, Rejected> {
        let Some(member) = self.member(name) else { return Ok(None) };
        let mut reading = Reading { place: vec![lower_first(name)], violations: Vec::new() };
        let found = reading.value(member.shape, item)?;
        if found.trace.is_untouched() {
            Ok(None)
        } else if reading.violations.is_empty() {
            Ok(found.value)
        } else {
            Err(Rejected::Invalid(reading.violations))
        }
    }
}

struct Reading {
    place: Vec<String>,
    violations: Vec<String>,
}

/// What was read of a value.
struct Found {
    value: Option<Value>,
    trace: Trace,
}

/// What was read of a structure.
struct Members {
    fields: Fields,
    trace: Trace,
}

/// What a value has of a skeleton.
#[derive(Clone, Copy, Default)]
struct Trace {
    /// There are empty texts in it.
    blanks: bool,
    /// There is something in it that no skeleton fills in.
    filled: bool,
    /// It is the zero of a skeleton, where zero is too little.
    zero: bool,
}

impl Trace {
    const PLACEHOLDER: Self = Self { blanks: false, filled: false, zero: false };
    const BLANK: Self = Self { blanks: true, ..Self::PLACEHOLDER };
    const FILLED: Self = Self { filled: true, ..Self::PLACEHOLDER };
    const ZERO: Self = Self { zero: true, ..Self::PLACEHOLDER };

    fn add(&mut self, other: Self) {
        self.blanks |= other.blanks;
        self.filled |= other.filled;
    }

    fn of(is_filled_in: bool) -> Self {
        if is_filled_in { Self::PLACEHOLDER } else { Self::FILLED }
    }

    /// Whether it is a skeleton's and was left as it was.
    fn is_untouched(self) -> bool {
        self.blanks && !self.filled
    }
}

impl Reading {
    fn structure(&mut self, members: &'static [Member], item: &Item) -> Result<Members, Rejected> {
        let entries = self.entries(item)?;
        let mut fields = Fields::default();
        let mut trace = Trace::default();
        let mut zeros = Vec::new();
        for Member { name, shape, required, stays } in members {
            self.place.push(lower_first(name));
            let violations = self.violations.len();
            let item = entries.iter().find_map(|(key, item)| (key == name).then_some(item));
            let found = match item {
                Some(item) => self.value(shape, item)?,
                None => Found { value: None, trace: Trace::default() },
            };
            trace.add(found.trace);
            if found.trace.zero {
                zeros.push(violations);
            }
            match found.value {
                // What a skeleton left empty is a mistake only where it is required.
                Some(_) if !stays && found.trace.is_untouched() => self.violations.truncate(violations),
                Some(value) => fields.set(name, value),
                None if *required => self.violation("null", "Member must not be null"),
                None => {}
            }
            self.place.pop();
        }
        // Beside empty texts it is a skeleton's, and absent as they are.
        for zero in zeros.into_iter().rev().filter(|_| trace.blanks) {
            self.violations.remove(zero);
        }
        Ok(Members { fields, trace })
    }

    fn value(&mut self, shape: &'static Shape, item: &Item) -> Result<Found, Rejected> {
        if matches!(item.node, Node::Null) {
            return Ok(Found { value: None, trace: Trace::default() });
        }
        match shape {
            Shape::Text(text) => self.text(item, |reading, value| reading.constrain(text, value)),
            Shape::Choice(choices) => self.choice(item, |reading, value| {
                if !choices.contains(&value) {
                    let set = choices.join(", ");
                    reading.violation("", &format!("Member must satisfy enum value set: [{set}]"));
                }
            }),
            Shape::OpenChoice(_) => self.choice(item, |reading, value| {
                reading.length(value.chars().count(), 1, MAX_NAME_CHARS);
            }),
            Shape::Boolean => {
                let value = match &item.node {
                    Node::Boolean(value) => Some(*value),
                    Node::PlainScalar(text) => text.expose().to_ascii_lowercase().parse().ok(),
                    Node::Null | Node::Number(_) | Node::String(_) | Node::List(_) | Node::Map(_) => None,
                };
                let value = value.ok_or_else(|| self.malformed("expected true or false"))?;
                Ok(Found { value: Some(Value::Boolean(value)), trace: Trace::of(value) })
            }
            Shape::Integer { min, max } => {
                let value = number(&item.node).filter(|number| number.fract() == 0.0);
                let value = value.ok_or_else(|| self.malformed("expected an integer"))?;
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "what is cut is out of the range as well"
                )]
                let integer = value as i64;
                if integer < *min {
                    self.violation("", &format!("Member must have value greater than or equal to {min}"));
                } else if integer > *max {
                    self.violation("", &format!("Member must have value less than or equal to {max}"));
                }
                if integer == 0 && *min > 0 {
                    return Ok(Found { value: None, trace: Trace::ZERO });
                }
                Ok(Found { value: Some(Value::Integer(integer)), trace: Trace::FILLED })
            }
            Shape::Timestamp => {
                let value =
                    number(&item.node).ok_or_else(|| self.malformed("expected seconds since 1970"))?;
                Ok(Found { value: Some(Value::Timestamp(value)), trace: Trace::FILLED })
            }
            Shape::List { element, max } => self.list(element, *max, item),
            Shape::Map { key, value, max } => self.map(key, value, *max, item),
            Shape::Structure(members) => {
                let Members { fields, trace } = self.structure(members, item)?;
                Ok(Found { value: Some(Value::Fields(fields)), trace })
            }
        }
    }

    fn text(&mut self, item: &Item, check: impl FnOnce(&mut Self, &str)) -> Result<Found, Rejected> {
        let Node::String(text) = &item.node else {
            return Err(self.malformed("expected a string"));
        };
        if text.expose().is_empty() {
            return Ok(Found { value: None, trace: Trace::BLANK });
        }
        check(self, text.expose());
        Ok(Found { value: Some(Value::Text(text.clone())), trace: Trace::FILLED })
    }

    /// A skeleton fills in any of the choices: one says nothing of its author's.
    fn choice(&mut self, item: &Item, check: impl FnOnce(&mut Self, &str)) -> Result<Found, Rejected> {
        let found = self.text(item, check)?;
        let trace = if found.value.is_some() { Trace::PLACEHOLDER } else { found.trace };
        Ok(Found { trace, ..found })
    }

    fn constrain(&mut self, text: &Text, value: &str) {
        // A text that is too long is not looked at any further: its size is its sender's choice.
        let fits = self.length(value.chars().count(), text.min, text.max);
        if fits
            && let Some(pattern) = text.pattern
            && !matches(pattern, value)
        {
            self.violation("", &format!("Member must satisfy regular expression pattern: {pattern}"));
        }
    }

    fn list(&mut self, element: &'static Shape, max: usize, item: &Item) -> Result<Found, Rejected> {
        let Node::List(items) = &item.node else {
            return Err(self.malformed("expected a list"));
        };
        let mut list = Vec::new();
        let mut trace = Trace::default();
        // Empty texts count as absent, so that a list that is too long may still be a skeleton's: but none has so many.
        if items.len() > max.saturating_add(MAX_BLANKS) {
            self.length(items.len(), 0, max);
            return Ok(Found { value: None, trace: Trace::FILLED });
        }
        for (index, item) in items.iter().enumerate() {
            if self.violations.len() >= MAX_VIOLATIONS {
                break;
            }
            self.place.push(format!("{}.member", index + 1));
            let violations = self.violations.len();
            let found = self.value(element, item)?;
            trace.add(found.trace);
            match found.value {
                Some(_) if found.trace.is_untouched() => self.violations.truncate(violations),
                Some(value) => list.push(value),
                None => {}
            }
            self.place.pop();
        }
        self.length(list.len(), 0, max);
        Ok(Found { value: Some(Value::List(list)), trace })
    }

    fn map(
        &mut self,
        key_shape: &'static Shape,
        value_shape: &'static Shape,
        max: usize,
        item: &Item,
    ) -> Result<Found, Rejected> {
        let mut fields = Vec::new();
        let mut trace = Trace::default();
        let entries = self.entries(item)?;
        if entries.len() > max.saturating_add(MAX_BLANKS) {
            self.length(entries.len(), 0, max);
            return Ok(Found { value: None, trace: Trace::FILLED });
        }
        for (key, item) in entries {
            if self.violations.len() >= MAX_VIOLATIONS {
                break;
            }
            self.place.push(key.clone());
            let violations = self.violations.len();
            let found = self.value(value_shape, item)?;
            let is_placeholder = key == "KeyName" && !found.trace.filled;
            let found = match value_shape {
                // The author of a key means its value, also where that is empty and may be: a tag's.
                Shape::Text(text) if !is_placeholder && found.trace.is_untouched() && text.min == 0 => {
                    Found { value: Some(Value::from("")), trace: Trace::FILLED }
                }
                Shape::Text(_)
                | Shape::OpenChoice(_)
                | Shape::Choice(_)
                | Shape::Boolean
                | Shape::Integer { .. }
                | Shape::Timestamp
                | Shape::List { .. }
                | Shape::Map { .. }
                | Shape::Structure(_) => found,
            };
            if is_placeholder {
                self.violations.truncate(violations);
                trace.add(Trace::BLANK);
            } else {
                trace.add(found.trace);
                match key_shape {
                    Shape::Text(text) => self.constrain(text, key),
                    Shape::OpenChoice(_) => {
                        self.length(key.chars().count(), 1, MAX_NAME_CHARS);
                    }
                    Shape::Choice(_)
                    | Shape::Boolean
                    | Shape::Integer { .. }
                    | Shape::Timestamp
                    | Shape::List { .. }
                    | Shape::Map { .. }
                    | Shape::Structure(_) => {}
                }
                if let Some(value) = found.value {
                    fields.push((key.clone(), value));
                }
            }
            self.place.pop();
        }
        self.length(fields.len(), 0, max);
        // Each key is there once.
        Ok(Found { value: Some(Value::Fields(fields.into_iter().collect())), trace })
    }

    /// The entries of a map; each key once.
    fn entries<'a>(&self, item: &'a Item) -> Result<&'a [(String, Item)], Rejected> {
        let Node::Map(entries) = &item.node else {
            return Err(self.malformed("expected a structure or map"));
        };
        let mut keys: Vec<_> = entries.iter().map(|(key, _)| key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(self.malformed("expected each key once"));
        }
        Ok(entries)
    }

    /// Whether a length is within its bounds.
    fn length(&mut self, length: usize, min: usize, max: usize) -> bool {
        if length < min {
            self.violation("", &format!("Member must have length greater than or equal to {min}"));
        } else if length > max {
            self.violation("", &format!("Member must have length less than or equal to {max}"));
        }
        (min..=max).contains(&length)
    }

    /// AWS repeats the value; here only its absence is reported.
    fn violation(&mut self, value: &str, constraint: &str) {
        let value = if value.is_empty() { String::new() } else { format!(" {value}") };
        let place = self.place();
        self.violations.push(format!("Value{value} at '{place}' failed to satisfy constraint: {constraint}"));
    }

    fn malformed(&self, expected: &str) -> Rejected {
        match self.place().as_str() {
            "" => Rejected::Malformed(format!("the body: {expected}")),
            place => Rejected::Malformed(format!("{place}: {expected}")),
        }
    }

    /// The way to the value. A key that is none of Glue's could be anything, a password among it: it is cut.
    fn place(&self) -> String {
        const MAX_PLACE_CHARS: usize = 64;
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let part = |part: &String| part.chars().filter(plain).take(MAX_PLACE_CHARS).collect::<String>();
        self.place.iter().map(part).collect::<Vec<_>>().join(".")
    }
}

/// How many violations are reported at once.
const MAX_VIOLATIONS: usize = 100;
/// How many empty texts a skeleton may have beside what counts.
const MAX_BLANKS: usize = 100;

/// The longest name of a type or a property key that an open list may hold.
const MAX_NAME_CHARS: usize = 255;

/// Whether the whole of `text` matches `pattern`; each is compiled once.
fn matches(pattern: &'static str, text: &str) -> bool {
    static COMPILED: LazyLock<Mutex<HashMap<&str, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let regex = compiled.entry(pattern).or_insert_with(|| {
        Regex::new(&format!("^(?:{pattern})$")).expect("a test compiles every pattern of the model")
    });
    regex.is_match(text)
}

fn number(node: &Node) -> Option<f64> {
    match node {
        Node::Number(number) => number.as_f64(),
        Node::PlainScalar(text) => text.expose().parse().ok(),
        Node::Null | Node::Boolean(_) | Node::String(_) | Node::List(_) | Node::Map(_) => None,
    }
}

fn lower_first(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
