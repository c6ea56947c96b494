#!/usr/bin/env python3
"""Our Jinja against Jinja2 as transformers sets it up: rendered text must be equal.

    tools/check_templates.py [--magnetic .build/release/magnetic] [--snippets 20000] [--seed 1]
    tools/check_templates.py --write      # expected outputs of the fixtures, for `make test`

The templates in Tests/ModelTests/Fixtures/templates over generated conversations, and thousands of
random small templates (template_snippets.py). Where Jinja2 fails ours must fail too. What ours
refuses as not supported is counted apart and listed by its reason. Needs jinja2 (PyPI).
"""
import argparse
import collections
import datetime
import json
import pathlib
import random
import signal
import subprocess
import sys

import jinja2
import jinja2.ext
import jinja2.nodes
import jinja2.sandbox

from template_conversations import conversations
from template_snippets import CONTEXT, Snippets

FIXTURES = pathlib.Path(__file__).parent.parent / "Tests/ModelTests/Fixtures/templates"


class Generation(jinja2.ext.Extension):
    """transformers' tag around what the assistant wrote; it prints its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_body")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


class TooSlow(Exception):
    pass


def stop(number, frame):
    raise TooSlow()


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(
            x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    env = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return env


def reference(env, template, context):
    """The text, or None where Jinja2 fails."""
    # A random template can ask Python for a number of a million digits.
    signal.alarm(5)
    try:
        return env.from_string(template).render(**context), None
    except Exception as error:  # whatever a template can raise
        return None, f"{type(error).__name__}: {error}"
    finally:
        signal.alarm(0)


def ours(magnetic, cases):
    lines = "".join(json.dumps({"chat_template": t, **c}) + "\n" for t, c in cases)
    out = subprocess.run(
        magnetic, input=lines, check=True, stdout=subprocess.PIPE, text=True).stdout
    return [json.loads(line) for line in out.split("\n") if line]


def compare(env, magnetic, cases, show):
    wrong = 0
    refused = collections.Counter()
    failed = equal = slow = 0
    for (template, context), got in zip(cases, ours(magnetic, cases), strict=True):
        text, error = reference(env, template, context)
        if "error" in got and "not supported" in got["error"] and text is not None:
            refused[got["error"].split(": ", 2)[-1]] += 1
        elif error == "TooSlow: ":
            slow += 1
        elif text is None and "error" in got:
            failed += 1
        elif text is not None and got.get("text") == text:
            equal += 1
        else:
            # Addresses of Python objects are printed by nobody else.
            if text is not None and " object at 0x" in text:
                refused["an object's address"] += 1
                continue
            wrong += 1
            if wrong <= show:
                print("DIFFERENT", json.dumps(template)[:1500])
                print("  jinja2", json.dumps(text)[:600] if text is not None else error)
                print("  ours  ", json.dumps(got.get("text", got.get("error")))[:600])
    print(f"  {equal} equal, {failed} refused by both, {sum(refused.values())} only by us, "
          f"{wrong} different, {slow} too slow for Jinja2")
    for reason, count in refused.most_common():
        print(f"    {count} x {reason}")
    return wrong


def fixtures():
    """(template name, template, context) of every fixture."""
    for path in sorted(FIXTURES.glob("*.jinja")):
        source = path.read_text()
        for context in conversations(path.stem):
            yield path.stem, source, context


def write(env):
    for path in sorted(FIXTURES.glob("*.jinja")):
        cases = []
        for context in conversations(path.stem):
            text, error = reference(env, path.read_text(), context)
            case = {"context": context}
            if text is None:
                case["error"] = error.split(": ", 1)[1]
            else:
                case["text"] = text
            cases.append(case)
        out = path.with_suffix(".json")
        with out.open("w") as file:
            file.write("[\n" + ",\n".join(
                json.dumps(case, ensure_ascii=False) for case in cases) + "\n]\n")
        print(f"{out.name}: {len(cases)} conversations, "
              f"{sum('error' in case for case in cases)} refused")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--magnetic", default=".build/release/magnetic")
    parser.add_argument("--snippets", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, stop)
    env = environment()
    if options.write:
        return write(env)
    magnetic = [options.magnetic, "template", "--json"]
    cases = [(source, context) for _, source, context in fixtures()]
    print(f"{len(cases)} conversations through {len(list(FIXTURES.glob('*.jinja')))} templates")
    wrong = compare(env, magnetic, cases, options.show)
    snippets = Snippets(random.Random(options.seed))
    print(f"{options.snippets} random templates, seed {options.seed}")
    wrong += compare(
        env, magnetic, [(snippets.template(), CONTEXT) for _ in range(options.snippets)],
        options.show)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
