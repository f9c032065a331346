//! `GetTags`, `TagResource` and `UntagResource`, for connections.

use super::get_connection::not_found;
use super::{Service, required};
use crate::catalog::{TagChange, Tags};
use crate::glue::{ConnectionArn, Exception, Fields};

impl Service {
    pub(super) async fn get_tags(&self, input: &Fields) -> Result<Fields, Exception> {
        let connection = connection(input)?;
        let tags = self.catalog.tags(connection).await?.ok_or_else(|| not_found(connection.name))?;
        Ok(Fields::default().with("Tags", tags.to_fields()))
    }

    pub(super) async fn tag_resource(&self, input: &Fields) -> Result<Fields, Exception> {
        let added = input.fields("TagsToAdd").map(Tags::of).unwrap_or_default();
        check(&added)?;
        self.change_tags(connection(input)?, TagChange::Add(added)).await
    }

    pub(super) async fn untag_resource(&self, input: &Fields) -> Result<Fields, Exception> {
        let keys = input.texts("TagsToRemove").map(str::to_owned).collect();
        self.change_tags(connection(input)?, TagChange::Remove(keys)).await
    }

    async fn change_tags(
        &self,
        connection: ConnectionArn<'_>,
        change: TagChange,
    ) -> Result<Fields, Exception> {
        let is_there = self.catalog.change_tags(connection, change).await?;
        if is_there { Ok(Fields::default()) } else { Err(not_found(connection.name)) }
    }
}

/// Refuses tags that nobody but AWS may give.
pub(super) fn check(tags: &Tags) -> Result<(), Exception> {
    match tags.reserved_key() {
        Some(key) => Err(Exception::invalid_input(format!(
            "the tag {key} begins with aws:, which is reserved for AWS itself"
        ))),
        None => Ok(()),
    }
}

fn connection(input: &Fields) -> Result<ConnectionArn<'_>, Exception> {
    ConnectionArn::parse(required(input, "ResourceArn")?)
        .map_err(|error| Exception::invalid_input(format!("ResourceArn: {error}")))
}
