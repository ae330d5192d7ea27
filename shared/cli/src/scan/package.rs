//! Which package a command starts, read from the command itself. Nothing is run, and nothing is asked.

/// The ecosystem and the package, without a version; none where it cannot be told.
pub(super) fn of(command: &str, args: &[String]) -> Option<(&'static str, String)> {
    let program = command.rsplit(['/', '\\']).next().unwrap_or(command);
    let program = program.trim_end_matches(".exe").trim_end_matches(".cmd");
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    // `cmd /c npx …`, as Windows wants it.
    if let ("cmd", ["/c" | "/C", inner, rest @ ..]) = (program, args.as_slice()) {
        let rest: Vec<String> = rest.iter().map(|&arg| arg.to_owned()).collect();
        return of(inner, &rest);
    }
    match (program, args.as_slice()) {
        ("npx" | "bunx", args)
        | ("pnpm" | "yarn", ["dlx", args @ ..])
        | ("npm", ["exec" | "x", args @ ..])
        | ("bun", ["x", args @ ..]) => npm(args),
        ("uvx", args) | ("uv", ["tool", "run", args @ ..]) | ("pipx", ["run", args @ ..]) => {
            pypi(args)
        }
        ("python" | "python3", ["-m", module, ..]) => {
            Some(("pypi", module.split('.').next()?.replace('_', "-")))
        }
        ("docker" | "podman", ["run", args @ ..]) => image(args),
        // A program that a package has installed is most often called like it.
        _ => None,
    }
}

fn npm(args: &[&str]) -> Option<(&'static str, String)> {
    let named = chosen(args, &["-p", "--package"], &["-c", "--call"])?;
    // The first letter may be the sign of a scope.
    let end = named
        .char_indices()
        .skip(1)
        .find(|(_, letter)| *letter == '@')
        .map_or(named.len(), |(at, _)| at);
    Some(("npm", named[..end].to_owned()))
}

fn pypi(args: &[&str]) -> Option<(&'static str, String)> {
    let takes = [
        "--python",
        "-p",
        "--with",
        "--index",
        "--index-url",
        "--directory",
    ];
    let named = chosen(args, &["--from", "--spec"], &takes)?;
    let name: String = named
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(*letter))
        .collect();
    Some(("pypi", name.to_lowercase().replace('_', "-"))).filter(|(_, name)| !name.is_empty())
}

/// What names the package: the value of one of these options, else the first argument that is none.
fn chosen(args: &[&str], named_by: &[&str], with_value: &[&str]) -> Option<String> {
    let mut args = args.iter();
    let mut first = None;
    while let Some(arg) = args.next() {
        if named_by.contains(arg) {
            return args.next().map(|&value| value.to_owned());
        }
        let equals = named_by
            .iter()
            .find_map(|option| arg.strip_prefix(option)?.strip_prefix('='));
        if let Some(value) = equals {
            return Some(value.to_owned());
        }
        if with_value.contains(arg) {
            args.next();
        } else if *arg == "--" {
            return args.next().map(|&value| value.to_owned());
        } else if !arg.starts_with('-') {
            first = Some((*arg).to_owned());
            break;
        }
    }
    first
}

fn image(args: &[&str]) -> Option<(&'static str, String)> {
    let takes = [
        "-e",
        "--env",
        "-v",
        "--volume",
        "--mount",
        "-p",
        "--publish",
        "--name",
        "--network",
        "--env-file",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "--platform",
        "--entrypoint",
    ];
    let named = chosen(args, &[], &takes)?;
    let bare = named.split('@').next()?;
    // A colon after the last slash begins the tag; before it, a port.
    let end = bare
        .rfind(':')
        .filter(|at| !bare[*at..].contains('/'))
        .unwrap_or(bare.len());
    Some(("oci", bare[..end].to_owned()))
}

#[cfg(test)]
mod tests;
