"""Chat templates: what formatters do is fine, every known way to the interpreter is found, nothing is rendered.

Oracle for "harmful": templates that reach a class are rendered here by Jinja itself; for the others the CVE or the
construct is named.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from accord.instruments.model_formats.chat_template import examine_template

FINE = {
    "chatml": (
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' }}"
        "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    ),
    "alternation": (
        "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
        "{{ raise_exception('roles must alternate') }}{% endif %}{{ message['content'] | trim }}{% endfor %}"
    ),
    "tools": (
        "{%- set ns = namespace(tools=false, index=0) -%}{%- set today = strftime_now('%d %b %Y') -%}"
        "{%- for tool in tools %}{{- tool.function | tojson(indent=4) }}{%- set ns.tools = true %}{%- endfor %}"
        "{%- for call in message.tool_calls %}{%- for name, value in call.arguments.items() %}"
        "{{- name ~ '=' ~ (value if value is string else value | tojson) }}{%- if not loop.last %}, {% endif %}"
        "{%- endfor %}{%- endfor %}{%- set ns.index = ns.index + 1 %}{{ messages[ns.index - 1]['content'] }}"
    ),
    "thinking": (
        "{%- set content = message.content.split('</think>')[-1].lstrip('\\n') %}"
        "{{ content.rstrip().replace('__', '_') }}"
        "{% if message.content.startswith('<think>') and '</think>' in message.content %}{{ messages[::-1][0].role }}"
        "{% endif %}{{ messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | list | length }}"
    ),
    "macro": (
        "{%- macro render(spec, depth=0) -%}{%- if spec.type is mapping %}{{ render(spec.type, depth + 1) }}{% else %}"
        "{{ spec['type'] | upper }}{% endif %}{%- endmacro -%}{{ render(tools[0]) }}{{ dict(a=1)['a'] }}"
        "{% for key in spec.keys() | sort %}{{ spec.get(key, 'none') }}{% endfor %}"
    ),
    "generation": (
        "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}"
        "{% if x %}{% break %}{% endif %}{% endfor %}"
    ),
    "markers": "{{ '<__media__>' }}{{ message['content'][0]['text'] }}{{ range(3) | join(', ') }}",
    "a macro's argument named like a method": "{% macro m(strip) %}{{ x.strip() }}{% endmacro %}{{ m(strip=true) }}",
    "bookkeeping": "{% set done = [] %}{% if done.append(1) %}{% endif %}{% do done.pop() %}{{ done | join }}",
    "plain text": "nothing to see: __class__ and os.system('x') outside of braces are text",
}

UNSAFE = {
    "CVE-2024-34359": (
        "{% for x in ().__class__.__base__.__subclasses__() %}{% if 'warning' in x.__name__ %}"
        "{{ x()._module }}{% endif %}{% endfor %}"
    ),
    "globals of a function": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "globals of a helper": "{{ lipsum.__globals__['os'].popen('id') }}",
    "self": "{{ self._TemplateReference__context }}",
    "subscript": "{{ ''['__class__']['__mro__'] }}",
    "escaped subscript": "{{ ''['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "joined": "{{ ''['__cla' ~ 'ss__'] }}",
    "added": "{{ ''['__' + 'class' + '__'] }}",
    "kept in a variable": "{% set a = '__class__' %}{{ ''[a] }}",
    "halves in variables": "{% set a = '__cla' %}{% set b = 'ss__' %}{{ ''[a ~ b] }}",
    "attr": "{{ '' | attr('x') }}",
    "attr by map": "{{ [''] | map('attr', name) | list }}",
    "attribute of map": "{{ [''] | map(attribute='__class__') | list }}",
    "selectattr": "{{ [''] | selectattr('__class__') | list }}",
    "groupby": "{{ [''] | groupby('__class__') }}",
    "format reads attributes": "{{ '{0.__class__}'.format('') }}",
    "include": "{% include 'other' %}",
    "import": "{% import 'other' as o %}",
    "from": "{% from 'other' import o %}",
    "extends": "{% extends 'other' %}",
    "unknown function": "{{ open('/etc/passwd') }}",
    "unknown method": "{{ messages.evil() }}",
    "call of a subscript": "{{ tools[0]('id') }}",
    "call of a call": "{{ joiner()()() }}",
    "a harmless name for something else": "{% set range = tools[0] %}{{ range('id') }}",
    "a harmless method in a namespace": "{% set ns = namespace(strip=tools[0]) %}{{ ns.strip('id') }}",
    "the same, later": "{% set ns = namespace() %}{% set ns.strip = tools[0] %}{{ ns.strip('id') }}",
    "the same in a dictionary": "{{ {'strip': tools[0]}.strip('id') }}",
    "call block": "{% call messages.evil() %}{% endcall %}",
    "hidden in a test": "{{ 1 if x is divisibleby(open('/etc/passwd')) }}",
    "hidden in a filter block": "{% filter replace('a', ''.__class__) %}a{% endfilter %}",
    "hidden in a macro's default": "{% macro m(a=''.__class__) %}{% endmacro %}",
    "nested deep": "{{ " + "(" * 5000 + ")" * 5000 + " }}",
}


@pytest.mark.parametrize("name", FINE)
def test_formatters_are_fine(name: str) -> None:
    assert examine_template(FINE[name].encode(), member="t") == []


@pytest.mark.parametrize("name", UNSAFE)
def test_ways_out_are_found(name: str) -> None:
    found = examine_template(UNSAFE[name].encode(), member="t")
    assert found
    assert {problem.rule for problem in found} == {"MOD-005"}
    assert {problem.member for problem in found} == {"t"}


@pytest.mark.parametrize(
    "name",
    [
        "subscript",
        "escaped subscript",
        "joined",
        "added",
        "kept in a variable",
        "halves in variables",
        "attribute of map",
    ],
)
def test_they_are_ways_out_indeed(name: str) -> None:
    """Oracle: Jinja itself. The template reaches a class, which no formatter of text should."""
    assert "class" in Environment().from_string(UNSAFE[name]).render()


def test_the_line_is_named() -> None:
    (found,) = examine_template(b"fine\nfine\n{{ x.__class__ }}", member="tokenizer.chat_template")
    assert found.text == "line 3: the attribute '__class__'"


def test_problems_are_bounded() -> None:
    many = "".join(f"{{{{ x._a{n} }}}}" for n in range(1000))
    assert len(examine_template(many.encode(), member="t")) == 20


@pytest.mark.parametrize(
    "source",
    ["{{" * 100_000, "{{ a" + ".b" * 60_000, "{{ a" + "+1" * 60_000 + "}}", "{% if a %}" * 20_000, "{#" * 100_000,
     "{{ '" * 60_000, "{{ " + "-" * 100_000 + "1 }}", "{{ " + "1" * 100_000 + " }}", "{{ [" * 10_000,
     "{%-" + " " * 200_000],
)  # fmt: skip
def test_templates_made_to_choke_the_parser(source: str) -> None:
    start = time.process_time()
    assert examine_template(source.encode(), member="t")
    assert time.process_time() - start < 3


PIECES = st.sampled_from(
    ["{{", "}}", "{%", "%}", " for ", " in ", " if ", " set ", " else ", "endif", "endfor", "x", ".", "_", "[", "]",
     "(", ")", "'", '"', "|", "~", "+", "=", ",", "macro ", "namespace", "generation", "1", "e9", "\\x", "\n", "#", "-"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=400, deadline=None)
def test_anything_is_answered(source: str) -> None:
    for problem in examine_template(source.encode(), member="t"):
        assert problem.text
