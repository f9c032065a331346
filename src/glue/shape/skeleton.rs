//! What `--generate-cli-skeleton` prints.

use serde_json::{Map, Value, json};

use super::Shape;

/// What a skeleton is an example of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// What is sent: texts are empty.
    Input,
    /// What comes back: texts are the names of their members.
    Output,
}

impl Shape {
    /// A value with every member, as the AWS CLI fills it in: the first of several choices (the AWS CLI takes any of them),
    /// one element in each list, one entry `KeyName` in each map.
    #[must_use]
    pub fn skeleton(&self, example: Example) -> Value {
        self.filled_in(example, "")
    }

    fn filled_in(&self, example: Example, name: &str) -> Value {
        match (self, example) {
            (Self::Text(_) | Self::Choice(_) | Self::OpenChoice(_), Example::Output) => json!(name),
            (Self::Text(_), Example::Input) => json!(""),
            (Self::Choice(choices), Example::Input) => json!(choices.first().copied().unwrap_or_default()),
            (Self::OpenChoice(first), Example::Input) => json!(first),
            (Self::Boolean, _) => json!(true),
            (Self::Integer { .. }, _) => json!(0),
            (Self::Timestamp, _) => json!("1970-01-01T00:00:00"),
            (Self::List { element, .. }, _) => json!([element.filled_in(example, name)]),
            (Self::Map { value, .. }, _) => json!({ "KeyName": value.filled_in(example, "") }),
            (Self::Structure(members), _) => {
                let members = members.iter();
                members
                    .map(|member| (member.name.to_owned(), member.shape.filled_in(example, member.name)))
                    .collect::<Map<_, _>>()
                    .into()
            }
        }
    }
}
