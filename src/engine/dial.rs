//! From a probe to its record: its logins, a place among the tests, the thread that it runs on.

use std::sync::Arc;

use probe_contract::{End, Endpoint, Probe, ResolvedSecrets, Run, RunRecord, Stage, Wait};

use super::running::Test;
use super::{Admission, Engine, TestOptions};

impl Engine {
    pub(super) async fn dial(
        &self,
        test: &Test,
        probe: Box<dyn Probe>,
        endpoints: &[Endpoint],
        secrets: ResolvedSecrets,
        run: &Run,
        options: &TestOptions,
    ) -> RunRecord {
        let logins = probe.logins(&secrets);
        for login in &logins {
            run.expect_login(login);
        }
        test.describe();

        let logins = Arc::new(self.refused_logins.logins(&logins));
        run.set_login_gate(logins.clone());

        let connections = Arc::new(self.endpoint_limits.of_run(options.client.clone()));
        run.limit_connections(connections.clone());
        let place = match options.admission {
            Admission::Queued => {
                // In this order for all, so that no two tests wait for each other.
                run.wait_for(Wait::Connection, connections.reserve(endpoints)).await;
                let place = run.wait_for(Wait::Place, self.places.wait(probe.connections())).await;
                connections.begin();
                Ok(place)
            }
            Admission::Immediate => self.places.take(endpoints, options.client.as_ref(), probe.connections()),
        };
        let _place = match place {
            Ok(place) => place,
            Err(busy) => return run.close(End::Aborted(busy)),
        };
        // Asked when the waiting is over, since another test may have been refused meanwhile.
        if let Some(refusal) = logins.refusal() {
            return run.close(End::Returned(Err(run.local().fail(Stage::Auth, refusal))));
        }

        let record = self.threads.run(run.clone(), probe, secrets).await;
        logins.learn(&record);
        record
    }
}
