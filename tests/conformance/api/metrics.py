"""Reads a page of metrics on standard input with the parser of Prometheus' library for Python.

One JSON object on standard output: for each metric its "type", its "help", and its "samples" as [name, labels, value].
"""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

families = {}
for family in text_string_to_metric_families(sys.stdin.read()):
    assert family.name not in families, f"{family.name} comes twice"
    samples = [[sample.name, sample.labels, sample.value] for sample in family.samples]
    families[family.name] = {"type": family.type, "help": family.documentation, "samples": samples}
print(json.dumps(families))
