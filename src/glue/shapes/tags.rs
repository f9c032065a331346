//! The shapes of tags.

use super::connection::{TAG_KEY, TAGS_MAP};
use crate::glue::shape::{Shape, optional, required};

pub(in crate::glue) static GET_TAGS_REQUEST: Shape =
    Shape::Structure(&[required("ResourceArn", &GLUE_RESOURCE_ARN)]);

pub(in crate::glue) static GLUE_RESOURCE_ARN: Shape =
    Shape::pattern(1, 10240, r"arn:aws(-(cn|us-gov|iso(-[bef])?))?:glue:.*");

pub(in crate::glue) static GET_TAGS_RESPONSE: Shape = Shape::Structure(&[optional("Tags", &TAGS_MAP)]);

pub(in crate::glue) static TAG_RESOURCE_REQUEST: Shape =
    Shape::Structure(&[required("ResourceArn", &GLUE_RESOURCE_ARN), required("TagsToAdd", &TAGS_MAP)]);

pub(in crate::glue) static TAG_RESOURCE_RESPONSE: Shape = Shape::Structure(&[]);

pub(in crate::glue) static UNTAG_RESOURCE_REQUEST: Shape = Shape::Structure(&[
    required("ResourceArn", &GLUE_RESOURCE_ARN),
    required("TagsToRemove", &TAG_KEYS_LIST),
]);

pub(in crate::glue) static TAG_KEYS_LIST: Shape = Shape::List { element: &TAG_KEY, max: 50 };

pub(in crate::glue) static UNTAG_RESOURCE_RESPONSE: Shape = Shape::Structure(&[]);
