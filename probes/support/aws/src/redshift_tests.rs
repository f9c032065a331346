use super::*;

#[test]
fn every_row_is_reached_by_its_own_code_alone() {
    for (index, row) in ROWS.iter().enumerate() {
        let operation = match row.service {
            Some(Service::Serverless) => Operation::GetCredentials,
            Some(Service::Redshift) | None => Operation::DescribeClusters,
        };
        assert!(ROWS[..index].iter().all(|other| other.native != row.native), "{}", row.native);
        assert_eq!(refused(operation, 400, Some(row.native), None).code, row.code);
    }
}
