//! What a user may see of topics: stage `access`.

use probe_contract::{Code, Endpoint, Failure, StageGuard};

use crate::classify::broker_error;

/// The topic that a broker is asked about, when it has described its cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "gssapi", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Question {
    /// The one that the caller names: the answer decides.
    Named(String),
    /// Where the user sees no topic, one that nobody has: who has no right at all is refused it, and everybody else learns that it does not
    /// exist.
    Nobodys,
    /// None: the broker would make it.
    Unasked,
}

impl Question {
    /// `makes_topics` says whether the broker makes what it is asked for.
    ///
    /// # Errors
    /// `not_testable`, where it would make the one that the caller names.
    pub(crate) fn of(wanted: Option<&str>, makes_topics: bool, broker: &Endpoint) -> Result<Self, Failure> {
        match (wanted, makes_topics) {
            (Some(name), false) => Ok(Self::Named(name.to_owned())),
            (None, false) => Ok(Self::Nobodys),
            (None, true) => Ok(Self::Unasked),
            (Some(name), true) => {
                let detail = format!(
                    "{broker} is older than Kafka 0.11 and would make the topic {name} if asked about it"
                );
                Err(Failure::new(Code::NotTestable, detail).only_hint("Test without --topic"))
            }
        }
    }

    /// The name to ask for, where the user sees `topics`.
    pub(crate) fn name(&self, topics: usize) -> Option<&str> {
        /// A name that nobody gives a topic.
        const NOBODYS: &str = "dialcheck-no-such-topic";
        match self {
            Self::Named(name) => Some(name),
            Self::Nobodys if topics == 0 => Some(NOBODYS),
            Self::Nobodys | Self::Unasked => None,
        }
    }

    /// What follows from the error code that `broker` answered about it, where it was asked.
    pub(crate) fn conclude(
        &self,
        topics: usize,
        error: Option<i16>,
        broker: &Endpoint,
        guard: &StageGuard,
    ) -> Result<(), Failure> {
        const NONE: i16 = 0;
        const UNKNOWN_TOPIC_OR_PARTITION: i16 = 3;
        const TOPIC_AUTHORIZATION_FAILED: i16 = 29;
        match (self, error) {
            (Self::Named(_) | Self::Nobodys, Some(NONE)) => Ok(()),
            (Self::Named(name), Some(error)) => {
                let failure = broker_error(error, None);
                let detail = format!("{broker} about the topic {name}: {}", failure.detail);
                Err(Failure { detail, ..failure })
            }
            (Self::Named(name), None) => {
                let detail = format!("{broker} does not answer about the topic {name}");
                Err(Failure::new(Code::ResponseUnreadable, detail))
            }
            // Whoever may see any topic is not refused this one.
            (Self::Nobodys, Some(UNKNOWN_TOPIC_OR_PARTITION)) => Ok(()),
            (Self::Nobodys, Some(error @ TOPIC_AUTHORIZATION_FAILED)) => {
                let detail = format!(
                    "the login works, and {broker} lets this user see no topic: it has no right on one, or only on topics that do not \
                     exist yet; --topic NAME asks about one"
                );
                guard.doubt(NO_TOPIC_VISIBLE, Failure { detail, ..broker_error(error, None) })
            }
            (Self::Nobodys, Some(error)) => Err(broker_error(error, None)),
            (Self::Nobodys | Self::Unasked, None) if topics > 0 => Ok(()),
            (Self::Nobodys | Self::Unasked, _) => {
                let detail = format!(
                    "{broker} shows no topic: there is none yet, or the user may see none; a broker before Kafka 0.11 can't be asked which"
                );
                guard.doubt(NO_TOPIC_VISIBLE, Failure::new(Code::AccessDenied, detail))
            }
        }
    }
}

/// The code of the warning.
const NO_TOPIC_VISIBLE: &str = "no_topic_visible";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_makes_topics_is_asked_for_none() {
        let broker = Endpoint { host: "b.example".to_owned(), port: 9092 };
        let of =
            |wanted, makes_topics| Question::of(wanted, makes_topics, &broker).map_err(|error| error.code);
        assert_eq!(of(Some("orders"), true), Err(Code::NotTestable));
        let names = |question: Result<Question, Code>| {
            let question = question.unwrap();
            [0, 7].map(|topics| question.name(topics).map(str::to_owned))
        };
        assert_eq!(names(of(None, true)), [None, None]);
        assert_eq!(names(of(None, false)), [Some("dialcheck-no-such-topic".to_owned()), None]);
        let named = Some("orders".to_owned());
        assert_eq!(names(of(Some("orders"), false)), [named.clone(), named]);
    }
}
