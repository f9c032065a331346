//! Answers in pages, put together as the AWS CLI does.

use clap::ArgMatches;
use dialcheck::glue::{Fields, Operation, Value as Parameter};
use dialcheck::service::GlueApi;
use serde_json::Value;

use super::failure::Failure;
use super::service::call;

const TOKEN: &str = "NextToken";

/// How many pages are wanted, and of which size.
#[derive(Debug, Default)]
pub(super) struct Paging {
    /// The list in an answer; none where an answer is one page, or one is wanted.
    list: Option<&'static str>,
    starting_token: Option<String>,
    page_size: Option<u32>,
    max_items: Option<u32>,
}

impl Paging {
    pub(super) fn of(operation: Operation, matches: &ArgMatches) -> Result<Self, Failure> {
        let Some(list) = operation.model().pages else { return Ok(Self::default()) };
        let given = |name| matches.value_source(name).is_some();
        let by_hand = given("next-token") || given("max-results");
        let paging = Self {
            list: Some(list),
            starting_token: matches.get_one::<String>("starting-token").cloned(),
            page_size: matches.get_one("page-size").copied(),
            max_items: matches.get_one("max-items").copied(),
        };
        let asked =
            paging.starting_token.is_some() || paging.page_size.is_some() || paging.max_items.is_some();
        if asked && (by_hand || matches.get_flag("no-paginate")) {
            let message = "--starting-token, --page-size and --max-items are about all pages: leave out --no-paginate, \
                           --next-token and --max-results";
            return Err(Failure::Usage(message.to_owned()));
        }
        Ok(if by_hand || matches.get_flag("no-paginate") { Self::default() } else { paging })
    }
}

/// Calls until the last page, or as far as `paging` wants it.
pub(super) async fn collect(
    service: &dyn GlueApi,
    operation: Operation,
    mut input: Fields,
    paging: Paging,
) -> Result<Value, Failure> {
    let Some(list) = paging.list else {
        return call(service, operation, &input).await;
    };
    if let Some(token) = &paging.starting_token {
        input.set(TOKEN, token.as_str());
    }
    let mut left = paging.max_items.map(i64::from);
    let mut collected: Option<Value> = None;
    loop {
        // No page goes beyond what is wanted, so that its token is where the next answer begins.
        if let Some(size) = paging.page_size.map(i64::from).into_iter().chain(left).min() {
            input.set("MaxResults", Parameter::Integer(size.min(largest(operation))));
        }
        let mut page = call(service, operation, &input).await?;
        let token = page.as_object_mut().and_then(|page| page.remove(TOKEN));
        let items = page.get_mut(list).map(Value::take);
        let items = items.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
        left = left.map(|left| left - i64::try_from(items.len()).unwrap_or(left));
        let whole = collected.get_or_insert_with(|| {
            page[list] = Value::Array(Vec::new());
            page
        });
        if let Some(list) = whole[list].as_array_mut() {
            list.extend(items);
        }
        let next = token.as_ref().and_then(Value::as_str).filter(|token| !token.is_empty());
        match next {
            Some(next) if left.is_none_or(|left| left > 0) => input.set(TOKEN, next),
            Some(next) => {
                whole[TOKEN] = next.into();
                break;
            }
            None => break,
        }
    }
    Ok(collected.unwrap_or_default())
}

fn largest(operation: Operation) -> i64 {
    match operation.model().input.member("MaxResults").map(|member| member.shape) {
        Some(dialcheck::glue::Shape::Integer { max, .. }) => *max,
        _ => i64::MAX,
    }
}
