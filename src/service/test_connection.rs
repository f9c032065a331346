//! `TestConnection`.

use super::{Call, Service, catalog_id};
use crate::engine::{Admission, TestOptions};
use crate::glue::{Definition, Exception, Fields, TestRequest, Value};
use crate::report::TestResult;

impl Service {
    pub(super) async fn test_connection(
        &self,
        mut input: Fields,
        call: &Call,
        report: &mut Option<TestResult>,
    ) -> Result<Fields, Exception> {
        let definition = input.take("TestConnectionInput").and_then(Value::into_fields);
        let request = match (input.text("ConnectionName"), definition) {
            (Some(name), None) => TestRequest::Named(name.to_owned()),
            (None, Some(definition)) => TestRequest::Inline(Definition::from_fields(definition)),
            (Some(_), Some(_)) => {
                let message =
                    "ConnectionName and TestConnectionInput are both given: a test takes one of them";
                return Err(Exception::invalid_input(message));
            }
            (None, None) => {
                let message = "ConnectionName or TestConnectionInput is required: the connection's name, or its definition";
                return Err(Exception::invalid_input(message));
            }
        };
        let result = self.engine.test_with_options(&request, &self.options(&input, call)).await;
        let exception = result.exception.clone();
        *report = Some(result);
        exception.map_or(Ok(Fields::default()), Err)
    }

    pub(super) fn options(&self, input: &Fields, call: &Call) -> TestOptions {
        TestOptions {
            topic: None,
            request_id: call.request_id,
            catalog_id: catalog_id(input).to_owned(),
            deadline: self.engine.deadline(),
            inline_references: call.rights.references(),
            admission: Admission::Immediate,
            client: call.client.clone(),
        }
    }
}
