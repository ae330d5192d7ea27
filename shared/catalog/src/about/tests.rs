use super::About;
use crate::shipped;

#[test]
fn the_page_of_an_import_job_says_what_it_does_who_provides_it_and_how_to_stop_it() {
    let servers = shipped::read(shipped::FILE).unwrap();
    let server = servers
        .iter()
        .find(|one| one.package == "awslabs.healthimaging-mcp-server");
    let server = server.unwrap();
    let tools = server.tools.as_ref().unwrap();
    let tool = tools
        .iter()
        .find(|one| one.name == "start_dicom_import_job")
        .unwrap();
    let about = About {
        tool,
        ecosystem: &server.ecosystem,
        package: &server.package,
    };
    let purpose = about.purpose();
    assert_eq!(
        purpose[0],
        "`start_dicom_import_job` lets an agent start “dicom import job” through `awslabs.healthimaging-mcp-server`."
    );
    let questions = about.questions();
    assert_eq!(questions.len(), 6);
    assert!(
        questions
            .iter()
            .all(|(asked, told)| asked.ends_with('?') && !told.is_empty())
    );
}

#[test]
fn every_shipped_tool_can_be_spoken_of() {
    for server in shipped::read(shipped::FILE).unwrap() {
        for tool in server.tools.iter().flatten() {
            let about = About {
                tool,
                ecosystem: &server.ecosystem,
                package: &server.package,
            };
            let said = about.purpose();
            assert_eq!(said.len(), 3, "{said:?}");
            assert!(!about.need().is_empty());
        }
    }
}
