//! What is wrong with a target that no protocol claims.

use std::collections::BTreeSet;

use probe_contract::{Address, Code, Mistake, Part, Parts, Protocol, Selector, Target};

use super::Engine;
use crate::declared;

impl Engine {
    /// What is wrong with a target that no protocol claims.
    pub(super) fn unclaimed(&self, target: &Target) -> Mistake {
        let declared: Vec<_> = declared::declarations(self.protocols, &target.connection_type).collect();
        let Some(first) = declared.first() else {
            return Mistake::new("ConnectionType", self.dialed_types()).code(Code::NotTestable);
        };
        let forms: BTreeSet<_> = declared.iter().flat_map(|declared| declared.forms).copied().collect();
        let forms = forms.into_iter().collect::<Vec<_>>().join(" or ");
        let url = match &target.address {
            Address::Url(given) => given.property,
            Address::Parts(_) | Address::Own => first.address.url.unwrap_or("ConnectionProperties"),
        };
        match &target.address {
            Address::Parts(Parts { engine: Some(Part { property, value: Some(_) }), .. }) => {
                let engines = declared.iter().flat_map(|declared| match declared.selector {
                    Selector::Driver { engines, .. } => engines,
                    Selector::All => &[],
                });
                let engines = engines.copied().collect::<Vec<_>>().join(" or ");
                Mistake::new(*property, format!("expected {engines}"))
            }
            Address::Parts(Parts { host, port, engine: Some(engine), .. }) => {
                let parts = format!("{}, {} and {}", host.property, port.property, engine.property);
                Mistake::new(url, format!("expected a URL of the form {forms}, or the properties {parts}"))
            }
            Address::Url(_) | Address::Parts(_) | Address::Own => {
                Mistake::new(url, format!("expected a URL of the form {forms}"))
            }
        }
    }

    /// What is expected of a type. Connectors are too many to be named in one sentence.
    fn dialed_types(&self) -> String {
        let (connectors, others): (Vec<&dyn Protocol>, Vec<&dyn Protocol>) =
            self.protocols.iter().partition(|protocol| protocol.registered_types().is_some());
        let others = others.iter().flat_map(|protocol| protocol.types());
        let others: BTreeSet<_> = others.map(|declared| declared.connection_type).collect();
        let others = others.into_iter().collect::<Vec<_>>().join(", ");
        let expected = format!("expected a type that dialcheck can dial: {others}");
        match connectors.iter().map(|protocol| protocol.types().len()).sum::<usize>() {
            0 => expected,
            count => format!("{expected}, or one of {count} connectors (`dialcheck types` names them)"),
        }
    }
}
