"""make install: what lies where, and that the installed client finds its themes; completions from the table."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "lib"))
import terminal
from terminal import BUILD, Checks, Terminal

FILES = ("sbin/leadgend", "bin/leadgen", "share/leadgen/themes/harbor.theme", "share/man/man1/leadgen.1",
         "share/man/man8/leadgend.8", "share/bash-completion/completions/leadgen",
         "share/zsh/site-functions/_leadgen", "share/fish/vendor_completions.d/leadgen.fish")


def installs(c, root):
    done = subprocess.run(["make", "-s", "-o", "all", "install", "BUILD=" + BUILD, "DESTDIR=" + root, "PREFIX=/opt/x"],
                          capture_output=True, text=True)
    c.check(done.returncode == 0, done.stderr)
    for name in FILES:
        path = os.path.join(root, "opt/x", name)
        c.check(os.path.isfile(path) and os.path.getsize(path) > 0, f"{name} is installed")
    c.ok("programs, themes, manuals and completions")


def themes(c, root, home):
    nowhere = {"LEADGEN_THEMES": "/nonexistent"}
    terminal.BUILD = os.path.join(root, "opt/x/bin")
    with Terminal(home, "https://127.0.0.1:9", options=("--theme", "paper"), env=nowhere, cwd=home) as t:
        c.check(t.wait("leadgen |") is not None, t.text())
        t.quiet(0.1)
        c.check(not t.shows("no such theme") and t.coloured(), "it finds the themes beside it, wherever it was put")
    shutil.rmtree(os.path.join(root, "opt/x/share/leadgen"))
    with Terminal(home, "https://127.0.0.1:9", options=("--theme", "paper"), env=nowhere, cwd=home) as t:
        c.check(t.wait("no such theme") is not None, "(control) without them it says so: " + t.text())
    terminal.BUILD = BUILD
    c.ok("the installed client finds its themes")


def complete(root, *words):
    """What bash offers for the last of the words."""
    script = os.path.join(root, "opt/x/share/bash-completion/completions/leadgen")
    done = subprocess.run(["bash", "-c", f'source {script}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _leadgen; '
                           'echo "${COMPREPLY[*]}"', "bash", "leadgen", *words], capture_output=True, text=True)
    return done.stdout.split() + done.stderr.split()


def completions(c, root):
    commands = re.findall(r"^  ([a-z]+)(?: ([a-z]+))?  ", subprocess.run(
        f"{BUILD}/leadgen --help; {BUILD}/leadgen help more", shell=True, capture_output=True,
        text=True).stdout, re.M)
    top = complete(root, "")
    c.check(len(commands) > 10 and sorted({x for x, _ in commands}) == sorted(x for x in top if x[0] != "-"),
            f"bash offers every command, once: {top}")
    for first, second in commands:
        words = [x for x in (first, second) if x]
        if second:
            c.check(second in complete(root, first, second[:1]), f"bash completes {first} {second}")
        helped = subprocess.run([BUILD + "/leadgen", *words, "--help"], capture_output=True, text=True).stdout
        options = re.findall(r"^  (--[a-z-]+)", helped, re.M)
        c.check(sorted(options) == sorted(complete(root, *words, "--")), f"bash offers the options of {words}")
        for shell, form in (("zsh", "{}"), ("fish", "-l {}")):
            text = subprocess.run([BUILD + "/leadgen", "completion", shell], capture_output=True, text=True).stdout
            c.check(all(form.format(o if shell == "zsh" else o[2:]) in text for o in options), f"{shell} knows those of {words}")
    c.check(complete(root, "--server", "https", "auth", "st") == ["status"], "options before the command are passed over")
    for shell in ("zsh", "fish"):
        if shutil.which(shell):
            text = subprocess.run([BUILD + "/leadgen", "completion", shell], capture_output=True).stdout
            done = subprocess.run([shell, "-n", "/dev/stdin"], input=text, capture_output=True)
            c.check(done.returncode == 0 and not done.stderr, f"{shell}: {done.stderr}")
    c.ok("completions are those of the table")


def main():
    c = Checks("install")
    with tempfile.TemporaryDirectory() as root, tempfile.TemporaryDirectory() as home:
        installs(c, root)
        completions(c, root)
        themes(c, root, home)
    c.end()


main()
