"""Language models are opened safely, from a folder or from a stand-in for the hub."""

from __future__ import annotations

import json
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from language_models import MOSS, PASSAGES, change

from deepfield.errors import DeepfieldError, InputError, NotFoundError, UsageError
from deepfield_chatbot.generating import folders
from deepfield_chatbot.generator import Generator


def test_a_local_folder_is_opened_without_the_network(copy, no_network):
    generator = Generator.load(copy, device="cpu")
    assert generator.name == str(copy)
    assert list(generator.stream(MOSS, PASSAGES, most=3))


def test_a_folder_with_pickled_weights_alone_is_refused(copy):
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(InputError, match="has no weights in safetensors, the one format"):
        Generator.load(copy, device="cpu")


def test_pickled_weights_beside_safetensors_are_left_alone(copy):
    (copy / "pytorch_model.bin").write_bytes(b"no pickle at all")
    Generator.load(copy, device="cpu")


def test_weights_that_the_configuration_names_are_refused(copy):
    (copy / "adapter_model.bin").write_bytes(b"no pickle at all")
    change(copy / "config.json", transformers_weights="adapter_model.bin")
    with pytest.raises(InputError, match="keeps its weights under another name"):
        Generator.load(copy, device="cpu")


def test_code_of_a_model_is_not_run(copy, tmp_path):
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w')\nclass Own: pass\nclass OwnConfig: pass\n"
    (copy / "modeling_own.py").write_text(code)
    own = {"AutoConfig": "modeling_own.OwnConfig", "AutoModelForCausalLM": "modeling_own.Own"}
    change(copy / "config.json", auto_map=own)
    Generator.load(copy, device="cpu")  # transformers knows it by itself
    change(copy / "config.json", model_type="own", architectures=["OwnForCausalLM"])
    with pytest.raises(InputError, match="brings code of its own, which is not run here"):
        Generator.load(copy, device="cpu")
    change(copy / "config.json", architectures=["Qwen2ForCausalLM"])
    with pytest.raises(InputError, match="cannot be opened: "):
        Generator.load(copy, device="cpu")
    assert not ran.exists()


def test_a_kernel_of_the_hub_is_not_asked_for(copy, no_network):
    change(copy / "config.json", attn_implementation="evil/kernel", _attn_implementation="evil/k")
    generator = Generator.load(copy, device="cpu")
    assert generator.model.config._attn_implementation == "sdpa"


def test_an_adapter_is_refused_without_looking_for_its_model(copy, no_network):
    (copy / "adapter_config.json").write_text('{"base_model_name_or_path": "some/where"}')
    with pytest.raises(InputError, match="is an adapter, not a whole model"):
        Generator.load(copy, device="cpu")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"architectures": ["BertForMaskedLM"]}, "is no causal language model .*BertForMaskedLM"),
        ({"architectures": None}, "is no causal language model .*none"),
        ({"quantization_config": {"quant_method": "gptq"}}, "is kept quantised"),
        ({"hidden_size": 48}, "cannot be opened: |lack "),
        (
            {"num_hidden_layers": 3, "layer_types": ["full_attention"] * 3},
            r"^The weights of .* lack 'model.layers.2",
        ),
    ],
)
def test_what_is_no_chat_model_is_one_sentence(copy, changes, sentence):
    change(copy / "config.json", **changes)
    with pytest.raises(InputError, match=sentence) as caught:
        Generator.load(copy, device="cpu")
    assert "\n" not in str(caught.value)


def test_no_chat_template_is_one_sentence(copy):
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match="has no chat template, so it was not taught to answer"):
        Generator.load(copy, device="cpu")


def test_a_template_that_does_not_work_is_one_sentence(copy):
    (copy / "chat_template.jinja").write_text("{{ messages[0]['content'].__class__.mro() }}")
    with pytest.raises(InputError, match="^The chat template of .* (does not work|leaves)"):
        Generator.load(copy, device="cpu")


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0[]"])
def test_broken_weights_are_one_sentence(copy, content):
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(InputError, match="'model.safetensors' of .* is broken: "):
        Generator.load(copy, device="cpu")


def test_a_shard_that_is_missing_is_named(copy):
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors"}}
    (copy / "model.safetensors").rename(copy / "model-00002-of-00002.safetensors")
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="lacks 'model-00001-of-00002.safetensors'"):
        Generator.load(copy, device="cpu")
    index = {"weight_map": {"a": "../elsewhere.safetensors"}}
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match="which is no file beside it"):
        Generator.load(copy, device="cpu")


def test_too_little_memory_is_told_before_anything_is_read(folder, monkeypatch):
    class Full:
        available = 10_000

    monkeypatch.setattr("psutil.virtual_memory", Full)
    with pytest.raises(DeepfieldError, match="needs about 0.0 GiB, and this machine has 0.0 GiB"):
        Generator.load(folder, device="cpu")


def test_folders_that_are_not_there(tmp_path, no_network, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("/nowhere/at/all", "nowhere", "models/mine", "./a/b", "a/b/c", "../x/y"):
        with pytest.raises(NotFoundError, match="^There is no folder "):
            Generator.load(name, device="cpu")
    with pytest.raises(InputError, match="is a file; give the folder"):
        Generator.load("file", device="cpu")
    with pytest.raises(InputError, match="has no 'config.json'"):
        Generator.load("models", device="cpu")
    with pytest.raises(UsageError, match="^No device 'tpu'"):
        Generator.load("models", device="tpu")


COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """Answers like the hub, for one model."""

    def __init__(self, *arguments, folder: Path, asked: list[str]):
        self.folder = folder
        self.asked = asked
        super().__init__(*arguments)

    def log_message(self, *_):
        pass

    def do_HEAD(self):  # the name that http.server looks for
        self.do_GET()

    def do_GET(self):  # the name that http.server looks for
        self.asked.append(self.path)
        path = self.path.partition("?")[0]
        files = sorted(each for each in self.folder.iterdir())
        if path.startswith("/api/models/deep/gated"):
            return self._send(403, b"{}", {"X-Error-Code": "GatedRepo"})
        if not path.startswith(("/api/models/deep/tiny", "/deep/tiny/")):
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        if path.startswith("/api/models/deep/tiny/tree"):
            tree = [
                {
                    "type": "file",
                    "path": each.name,
                    "size": each.stat().st_size,
                    "oid": f"{place:040x}",
                }
                for place, each in enumerate(files)
            ]
            return self._send(200, json.dumps(tree).encode(), {})
        if path.startswith("/api/"):
            siblings = [{"rfilename": each.name, "size": each.stat().st_size} for each in files]
            told = {"id": "deep/tiny", "sha": COMMIT, "siblings": siblings}
            return self._send(200, json.dumps(told).encode(), {})
        file = self.folder / path.rpartition("/")[2]
        if not file.is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        return self._send(
            200, file.read_bytes(), {"X-Repo-Commit": COMMIT, "ETag": f'"{file.name}"'}
        )

    def _send(self, status, body, headers):
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub(copy, tmp_path, monkeypatch):
    """Put a server in the place of the hub; return the folder it serves and what it was asked."""
    from huggingface_hub import constants

    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, folder=copy, asked=asked))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(
        constants,
        "HUGGINGFACE_CO_URL_TEMPLATE",
        address + "/{repo_id}/resolve/{revision}/{filename}",
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    yield copy, asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_model_of_the_hub_is_downloaded_once(hub, tmp_path, monkeypatch):
    folder, asked = hub
    for name in ("pytorch_model.bin", "modeling_own.py", "training_args.bin"):
        (folder / name).write_bytes(b"harm")
    generator = Generator.load("deep/tiny", device="cpu")
    assert list(generator.stream(MOSS, PASSAGES, most=3))
    names = {path.name for path in (tmp_path / "cache").rglob("snapshots/*/*")}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= names
    assert not {"pytorch_model.bin", "modeling_own.py", "training_args.bin"} & names
    asked.clear()
    Generator.load("deep/tiny", device="cpu")
    assert asked == []


def test_what_the_hub_has_only_pickled_is_not_downloaded(hub, tmp_path):
    folder, _ = hub
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="^'deep/tiny' has no weights in safetensors"):
        Generator.load("deep/tiny", device="cpu")
    assert not list((tmp_path / "cache").rglob("pytorch_model.bin"))


def test_a_model_that_is_too_large_is_not_downloaded(hub, monkeypatch):
    _, asked = hub
    monkeypatch.setattr(folders, "_free_memory", lambda: 10_000)
    with pytest.raises(DeepfieldError, match="^The language model 'deep/tiny' needs about"):
        Generator.load("deep/tiny", device="cpu")
    assert not any("resolve" in each for each in asked)


def test_names_that_the_hub_does_not_give(hub):
    with pytest.raises(NotFoundError, match="^The hub has no model 'deep/none'"):
        Generator.load("deep/none", device="cpu")
    with pytest.raises(InputError, match="^The hub gives 'deep/gated' only to those who accepted"):
        Generator.load("deep/gated", device="cpu")


def test_a_hub_that_cannot_be_reached_is_one_sentence(no_network, tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with pytest.raises(
        DeepfieldError, match="^'deep/tiny' is not on this machine, and the hub cannot be reached"
    ) as caught:
        Generator.load("deep/tiny", device="cpu")
    assert "\n" not in str(caught.value)
