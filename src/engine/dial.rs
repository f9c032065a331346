//! From a probe to its record: what it points at, a place among the tests, the thread that it runs on.

use std::sync::Arc;

use probe_contract::{Ending, Login, Material, Probe, Run, Stage, Transcript, Wait};

use super::running::Test;
use super::{Admission, Circumstances, Engine};
use crate::material::Access;

impl Engine {
    pub(super) async fn dial(
        &self,
        test: &Test,
        probe: Box<dyn Probe>,
        run: &Run,
        access: &Access,
        circumstances: &Circumstances,
    ) -> Transcript {
        let pointers = probe.pointers().to_vec();
        let material = if pointers.is_empty() {
            Material::default()
        } else {
            match self.materials.fetch(&run.local(), &pointers, access).await {
                Ok(material) => material,
                Err(stop) => return run.close(Ending::Finished(Err(stop))),
            }
        };
        for secret in material.secrets() {
            run.protect(secret);
        }
        let logins = probe.logins(&material);
        for Login { secret, .. } in &logins {
            run.protect(secret);
        }
        test.describe();

        let logins = Arc::new(self.ledger.logins(&logins));
        run.ask_before_offering(logins.clone());

        let connections = Arc::new(self.connections.of_run(circumstances.client.clone()));
        run.limit_connections(connections.clone());
        let place = match circumstances.admission {
            Admission::Queued => {
                // In this order for all, so that no two tests wait for each other.
                run.wait_for(Wait::Connection, connections.reserve(probe.endpoints())).await;
                let place = run.wait_for(Wait::Place, self.places.wait(probe.connections())).await;
                connections.begin();
                Ok(place)
            }
            Admission::Immediate => {
                self.places.take(probe.endpoints(), circumstances.client.as_ref(), probe.connections())
            }
        };
        let _place = match place {
            Ok(place) => place,
            Err(busy) => return run.close(Ending::Broken(busy)),
        };
        // Asked when the waiting is over, since another test may have been refused meanwhile.
        if let Some(refusal) = logins.refusal() {
            return run.close(Ending::Finished(Err(run.local().fail(Stage::Auth, refusal))));
        }

        let transcript = self.threads.run(run.clone(), probe, material).await;
        logins.learn(&transcript);
        transcript
    }
}
