use super::of;

#[test]
fn the_package_is_read_from_how_it_is_started() {
    let cases = [
        (
            "npx -y @modelcontextprotocol/server-filesystem@1.2.3 /srv",
            Some(("npm", "@modelcontextprotocol/server-filesystem")),
        ),
        (
            "npx --package=@acme/files@latest files-mcp",
            Some(("npm", "@acme/files")),
        ),
        ("npx -p acme -- acme-mcp", Some(("npm", "acme"))),
        ("cmd /c npx -y acme@2", Some(("npm", "acme"))),
        (
            "/usr/local/bin/uvx awslabs.healthimaging-mcp-server@latest",
            Some(("pypi", "awslabs.healthimaging-mcp-server")),
        ),
        (
            "uvx --from mcp_server_time==1.0 mcp-server-time",
            Some(("pypi", "mcp-server-time")),
        ),
        ("uvx --python 3.12 acme[extra]>=2", Some(("pypi", "acme"))),
        ("uv tool run acme", Some(("pypi", "acme"))),
        (
            "python3 -m mcp_server_git",
            Some(("pypi", "mcp-server-git")),
        ),
        (
            "docker run -i --rm -e TOKEN ghcr.io:443/acme/files:1.0",
            Some(("oci", "ghcr.io:443/acme/files")),
        ),
        ("node /srv/build/index.js", None),
        ("npx", None),
    ];
    for (line, expected) in cases {
        let mut words = line.split(' ');
        let command = words.next().unwrap();
        let args: Vec<String> = words.map(str::to_owned).collect();
        let found = of(command, &args);
        let found = found
            .as_ref()
            .map(|(ecosystem, package)| (*ecosystem, package.as_str()));
        assert_eq!(found, expected, "{line}");
    }
}
