//! `--output table`: a box for each structure, what is nested in it one bar further in, under its key as the title.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::{mem, slice};

use serde_json::{Map, Value};

use super::cell::{cell, is_nested, printable};

/// What the AWS CLI assumes as the width of what is not a terminal. In a wider table structures stand upright, a line for
/// each member.
const WIDTH: usize = 80;

pub(super) fn write(out: &mut impl Write, operation: &str, answer: &Value) -> io::Result<()> {
    if is_blank(answer) {
        return Ok(());
    }
    let mut table = Table { done: Vec::new(), section: Section::new(operation, 0) };
    table.fill(answer, operation, 0);
    let mut sections = table.done;
    sections.push(table.section);
    if width_of(&sections) > WIDTH {
        sections.iter_mut().for_each(Section::stand_upright);
    }
    let width = width_of(&sections);
    writeln!(out, "{:-<width$}", "")?;
    sections.iter().try_for_each(|section| section.write(out, width))
}

fn width_of(sections: &[Section]) -> usize {
    sections.iter().map(Section::width).max().unwrap_or_default()
}

/// What is false to Python is left out, with its title.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

struct Table {
    done: Vec<Section>,
    /// The one that rows are added to.
    section: Section,
}

impl Table {
    fn nest(&mut self, title: &str, value: &Value, indent: usize) {
        if !is_blank(value) {
            self.begin(title, indent);
            self.fill(value, title, indent);
        }
    }

    fn begin(&mut self, title: &str, indent: usize) {
        self.done.push(mem::replace(&mut self.section, Section::new(title, indent)));
    }

    /// Of a scalar alone, only the title is shown.
    fn fill(&mut self, value: &Value, title: &str, indent: usize) {
        match value {
            Value::Array(elements) => match elements.iter().map(Value::as_object).collect::<Option<Vec<_>>>()
            {
                Some(structures) => self.fill_structures(&structures, title, indent),
                None => elements.iter().for_each(|element| self.fill_element(element)),
            },
            Value::Object(members) => self.fill_structure(members, indent),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (),
        }
    }

    fn fill_element(&mut self, element: &Value) {
        match element {
            Value::Array(cells) if !cells.iter().any(is_nested) => {
                self.section.rows.push(cells.iter().map(cell).collect());
            }
            Value::Array(_) | Value::Object(_) => self.fill(element, "", 0),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.section.rows.push(vec![cell(element)]);
            }
        }
    }

    fn fill_structure(&mut self, members: &Map<String, Value>, indent: usize) {
        let Keys { scalars, nested } = Keys::of(&[members]);
        if let (Some(key), 1) = (scalars.first(), scalars.len()) {
            self.section.rows.push(vec![printable(key), cell(&members[*key])]);
        } else if !scalars.is_empty() {
            self.section.headers = scalars.iter().map(|key| printable(key)).collect();
            self.section.rows.push(scalars.iter().map(|key| cell(&members[*key])).collect());
        }
        for key in nested {
            self.nest(key, &members[key], indent + 1);
        }
    }

    fn fill_structures(&mut self, structures: &[&Map<String, Value>], title: &str, indent: usize) {
        let Keys { scalars, nested } = Keys::of(structures);
        for (place, members) in structures.iter().enumerate() {
            if place > 0 && !nested.is_empty() {
                self.begin(title, indent);
            }
            self.section.headers = scalars.iter().map(|key| printable(key)).collect();
            let cells = scalars.iter().map(|key| members.get(*key).map(cell).unwrap_or_default());
            self.section.rows.push(cells.collect());
            for key in &nested {
                if let Some(value) = members.get(*key) {
                    self.nest(key, value, indent + 1);
                }
            }
        }
    }
}

/// The keys of some structures; one may be of both kinds.
struct Keys<'a> {
    scalars: BTreeSet<&'a str>,
    nested: BTreeSet<&'a str>,
}

impl<'a> Keys<'a> {
    fn of(structures: &[&'a Map<String, Value>]) -> Self {
        let mut keys = Self { scalars: BTreeSet::new(), nested: BTreeSet::new() };
        for (key, value) in structures.iter().flat_map(|members| members.iter()) {
            if is_nested(value) { &mut keys.nested } else { &mut keys.scalars }.insert(key);
        }
        keys
    }
}

struct Section {
    title: String,
    indent: usize,
    headers: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Section {
    fn new(title: &str, indent: usize) -> Self {
        Self { title: printable(title), indent, headers: Vec::new(), rows: Vec::new() }
    }

    fn stand_upright(&mut self) {
        if self.rows.len() == 1 && !self.headers.is_empty() {
            let cells = self.rows.remove(0);
            self.rows = mem::take(&mut self.headers)
                .into_iter()
                .zip(cells)
                .map(<[_; 2]>::from)
                .map(Vec::from)
                .collect();
        }
    }

    fn width(&self) -> usize {
        self.columns().iter().sum::<usize>().max(columns(&self.title)) + 2 + 2 * self.indent
    }

    /// How wide each column wants to be.
    fn columns(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for line in self.rows.iter().chain([&self.headers]) {
            widths.resize(widths.len().max(line.len()), 4);
            for (width, text) in widths.iter_mut().zip(line) {
                *width = (*width).max(columns(text) + 4);
            }
        }
        widths
    }

    fn write(&self, out: &mut impl Write, width: usize) -> io::Result<()> {
        let width = width - 2 * self.indent;
        let widths = stretched(&self.columns(), width);
        let mut lines = Vec::new();
        if !self.title.is_empty() {
            lines.push(line(&[width], slice::from_ref(&self.title), centered));
            if self.headers.is_empty() && self.rows.is_empty() {
                lines.push(rule(&[width]));
            }
        }
        if !self.headers.is_empty() {
            lines.push(rule(&widths));
            lines.push(line(&widths, &self.headers, centered));
        }
        if !self.rows.is_empty() && !widths.is_empty() {
            lines.push(rule(&widths));
            lines.extend(self.rows.iter().map(|row| line(&widths, row, aligned)));
            lines.push(rule(&widths));
        }
        let bars = "|".repeat(self.indent);
        lines.iter().try_for_each(|line| writeln!(out, "{bars}{line}{bars}"))
    }
}

/// The widths of columns that fill `width` together, their edges included.
fn stretched(wanted: &[usize], width: usize) -> Vec<usize> {
    let scale = width as f64 / wanted.iter().sum::<usize>() as f64;
    let mut widths: Vec<_> =
        wanted.iter().map(|wanted| (scale * *wanted as f64).round_ties_even() as usize).collect();
    let sum = widths.iter().sum::<usize>();
    // What rounding gave too much is taken from the first ones; what it left over goes to the last.
    widths.iter_mut().take(sum.saturating_sub(width)).for_each(|width| *width -= 1);
    widths.iter_mut().rev().take(width.saturating_sub(sum)).for_each(|width| *width += 1);
    widths
}

fn rule(widths: &[usize]) -> String {
    let dashes = |(column, width): (usize, &usize)| "-".repeat(width - edges(column)) + "+";
    "+".to_owned() + &widths.iter().enumerate().map(dashes).collect::<String>()
}

fn line(widths: &[usize], cells: &[String], place: fn(&str, usize, usize) -> String) -> String {
    let cell = |(column, width): (usize, &usize)| {
        place(cells.get(column).map_or("", String::as_str), *width, edges(column))
    };
    "|".to_owned() + &widths.iter().enumerate().map(cell).collect::<String>()
}

fn centered(text: &str, width: usize, edges: usize) -> String {
    let left = (width / 2).saturating_sub(columns(text) / 2 + 1);
    padded(left, text, width, edges)
}

/// A cell that rounding left too narrow starts at its edge.
fn aligned(text: &str, width: usize, edges: usize) -> String {
    let left = if columns(text) + 2 + edges <= width { 2 } else { 0 };
    padded(left, text, width, edges)
}

fn padded(left: usize, text: &str, width: usize, edges: usize) -> String {
    let right = width.saturating_sub(left + columns(text) + edges);
    format!("{:left$}{text}{:right$}|", "", "")
}

/// The first column has an edge on both sides, the others share theirs.
fn edges(column: usize) -> usize {
    if column == 0 { 2 } else { 1 }
}

/// How many columns of a terminal `text` takes.
fn columns(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// The blocks of East Asian Wide and Fullwidth (Unicode, annex 11).
fn is_wide(c: char) -> bool {
    matches!(
        c,
        '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{303e}'
            | '\u{3041}'..='\u{a4cf}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}'
            | '\u{ff01}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{1f300}'..='\u{1f64f}'
            | '\u{1f680}'..='\u{1f6ff}'
            | '\u{1f900}'..='\u{1f9ff}'
            | '\u{20000}'..='\u{3fffd}'
    )
}
