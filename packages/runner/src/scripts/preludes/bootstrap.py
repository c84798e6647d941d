"""Gives the step's script its functions and runs it. Python 3.4 or newer, nothing beyond its own library."""
import sys

# Python 2 must be able to read the whole file, or it complains about that instead.
if sys.version_info < (3, 4):
    sys.stderr.write("This step needs Python 3.4 or newer; the image has %s.\n" % sys.version.split()[0])
    sys.exit(1)

import base64
import codecs
import io
import json
import os
import runpy

# Up to 3.6, an image that names no language could print nothing but ASCII. The log is UTF-8.
if codecs.lookup(sys.stdout.encoding or "ascii").name == "ascii" and "PYTHONIOENCODING" not in os.environ:
    sys.stdout = io.TextIOWrapper(sys.stdout.detach(), "utf-8", "surrogateescape", write_through=True)
    sys.stderr = io.TextIOWrapper(sys.stderr.detach(), "utf-8", "backslashreplace", write_through=True)

_directory = os.path.dirname(os.path.abspath(__file__))


class _Variables(dict):
    """Names are found exactly, else without regard to case."""

    def __init__(self, pairs):
        dict.__init__(self, pairs)
        self._folded = {}
        for name in self:
            self._folded.setdefault(name.lower(), name)

    def __missing__(self, name):
        return dict.__getitem__(self, self._folded[name.lower()])

    def __setitem__(self, name, value):
        dict.__setitem__(self, name, value)
        self._folded.setdefault(name.lower(), name)

    def __contains__(self, name):
        return dict.__contains__(self, name) or name.lower() in self._folded

    def get(self, name, default=None):
        return self[name] if name in self else default


with open(os.path.join(_directory, "variables.json"), "rb") as _file:
    _late = json.loads(_file.read().decode("utf-8"))
octopusvariables = _Variables(dict(_late["variables"]))


def encode(value):
    return base64.b64encode(str(value).encode("utf-8")).decode("ascii")


def decode(value):
    return base64.b64decode(value.encode("ascii")).decode("utf-8")


def _print(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _message(kind, *attributes):
    pairs = "".join(" %s='%s'" % (key, encode(value)) for key, value in attributes)
    _print("##octopus[%s%s]" % (kind, pairs))


def _level(level, args):
    _print("##octopus[stdout-%s]\n%s\n##octopus[stdout-default]" % (level, " ".join(str(a) for a in args)))


def get_octopusvariable(key):
    if key.startswith("env:"):
        return os.environ.get(key[4:], "")
    return octopusvariables.get(key, "")


def set_octopusvariable(name, value, sensitive=False):
    octopusvariables[name] = str(value)
    flags = [("sensitive", "True")] if sensitive else []
    _message("setVariable", ("name", name), ("value", value), *flags)


def createartifact(path, fileName=None):
    if not os.path.exists(path):
        raise FileNotFoundError('createartifact: there is no file "%s" in %s' % (path, os.getcwd()))
    absolute = os.path.abspath(path)
    _message("createArtifact", ("path", absolute), ("name", fileName or os.path.basename(absolute)))


def updateprogress(progress, message=None):
    _message("progress", ("percentage", progress), ("message", message or ""))


def failstep(message=None):
    if message:
        _message("resultMessage", ("message", message))
    sys.exit(-1)


def printverbose(*args):
    _level("verbose", args)


def printhighlight(*args):
    _level("highlight", args)


def printwait(*args):
    _level("wait", args)


def printwarning(*args):
    _level("warning", args)


_names = """encode decode octopusvariables get_octopusvariable set_octopusvariable createartifact updateprogress
failstep printverbose printhighlight printwait printwarning""".split()
_script = _late["script"] or os.path.join(_directory, "script.py")
sys.argv = [_script] + _late["parameters"]
# Modules are looked for where the step works; script modules lie where this file does.
sys.path[0] = os.getcwd()
sys.path.append(_directory)
_globals = {name: globals()[name] for name in _names}
try:
    runpy.run_path(_script, init_globals=_globals, run_name="__main__")
except Exception as _error:
    # The reader of the log wants the script's own lines, not how it was started.
    _trace = _error.__traceback__
    while _trace is not None and _trace.tb_frame.f_code.co_filename != _script:
        _trace = _trace.tb_next
    sys.excepthook(type(_error), _error.with_traceback(_trace), _trace)
    sys.exit(1)
