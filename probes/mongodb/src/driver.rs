//! A whole test: every member of the set up to what it says of itself, one login at the member that a job would read from.

use probe_contract::{Code, Failed, ResolvedSecrets, Run, Stage};

use crate::seeds::Topology;
use crate::set::{Chosen, Set};
use crate::settings::Settings;
use crate::test::Test;

pub(crate) async fn probe(settings: Settings, run: Run, secrets: ResolvedSecrets) -> Result<(), Failed> {
    for warning in &settings.warnings {
        run.warn(warning.clone());
    }
    let seeds = settings.seeds(&secrets).map_err(|failure| run.local().fail(Stage::Dns, failure))?;
    let user = settings.user(&seeds, &secrets);
    let test = Test { settings: &settings, run: &run, secrets: &secrets, seeds: &seeds, user };
    match seeds.topology {
        Topology::Single(_) | Topology::LoadBalanced => one_server(&test).await,
        Topology::Multiple(_) => set(&test).await,
    }
}

async fn one_server(test: &Test<'_>) -> Result<(), Failed> {
    let Some(endpoint) = test.seeds.hosts.first() else { return Err(test.no_hosts()) };
    let session = test.meet(endpoint.clone(), None).await?;
    test.log_in(session).await
}

async fn set(test: &Test<'_>) -> Result<(), Failed> {
    if test.seeds.hosts.is_empty() {
        return Err(test.no_hosts());
    }
    let mut set = Set::new(test);
    let (failed, why) = match set.find().await {
        Chosen::Session(session) => {
            let late = async { Ok(set.rest().await) };
            let ((), failed) = tokio::try_join!(test.log_in(*session), late)?;
            (failed, None)
        }
        Chosen::Nobody { failed, why: None } => return test.run.furthest(failed).map_or(Ok(()), Err),
        Chosen::Nobody { failed, why: Some(why) } => (failed, Some(why)),
    };
    // The driver gives up a whole set by one member that it does not speak with.
    let is_refused = |failed: &Failed| test.code(failed) == Some(Code::MechanismUnsupported);
    let (refused, failed): (Vec<_>, Vec<_>) = failed.into_iter().partition(is_refused);
    if let Some(refused) = refused.into_iter().next() {
        return Err(refused);
    }
    if let Some(why) = why {
        return Err(test.run.local().fail(Stage::Handshake, why));
    }
    failed.into_iter().for_each(|failed| test.run.tolerate(failed));
    Ok(())
}
