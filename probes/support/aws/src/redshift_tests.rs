use probe_contract::classification::unreached;

use super::*;

#[test]
fn every_row_is_reached_by_its_own_code_alone() {
    assert_eq!(unreached(ROWS), [0; 0]);
}
