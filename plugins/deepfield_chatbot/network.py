"""The networks: MiniLM's trunk with a mean for sentences, or with a head for spans.

MiniLM (Wang et al. 2020) is a BERT of six layers; all-MiniLM-L6-v2 is one whose mean of hidden
states was trained to bring near what belongs together (Reimers and Gurevych 2019).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from deepfield_chatbot.pieces import PAD, SEP

__all__ = ["SentenceEncoder", "SpanNetwork", "Trunk"]

SHAPE = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
)
"""What a config.json says of the trunk."""


class Trunk(nn.Module):
    """Hidden states of word pieces; which of them are padding and which are the passage's it sees
    by the separators, so that one array is all its input.
    """

    def __init__(self, config: dict[str, Any], attention: str = "sdpa") -> None:
        super().__init__()
        settings: dict[str, Any] = {name: config[name] for name in SHAPE if name in config}
        settings["attn_implementation"] = self.attention = attention
        self.bert = BertModel(BertConfig(**settings), add_pooling_layer=False)

    def load(self, weights: Path) -> None:
        """Read what the package of the encoder carries: its names lack the leading ``bert``."""
        state = load_file(weights)
        wanted = self.bert.state_dict()
        self.bert.load_state_dict({name: state[name] for name in wanted})

    def forward(self, ids: Tensor) -> Tensor:
        there = ids != PAD  # (batch, length)
        ends = (ids == SEP).long()
        after_first = ((ends.cumsum(1) - ends) > 0) & there  # the passage of a pair
        mask = there[:, None, None, :].expand(-1, 1, ids.shape[1], -1)
        if self.attention == "eager":  # which adds the mask to the scores
            mask = torch.zeros_like(mask, dtype=torch.float32).masked_fill(~mask, -1e4)
        return self.bert(
            input_ids=ids, attention_mask=mask, token_type_ids=after_first.long()
        ).last_hidden_state  # (batch, length, hidden)


class SentenceEncoder(nn.Module):
    """One vector of length 1 for each text."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self.trunk = Trunk(config)

    def forward(self, ids: Tensor) -> Tensor:
        hidden = self.trunk(ids)
        there = (ids != PAD).unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * there).sum(1) / there.sum(1)
        return nn.functional.normalize(mean, dim=1)  # (batch, hidden)


class SpanNetwork(nn.Module):
    """Where an answer begins and ends; both at the first piece, [CLS], say that there is none.

    The span head of Devlin et al. (2019), with their score of no answer for SQuAD 2.0. Attention is
    "sdpa" or "eager", as transformers calls them: on a CPU "eager" learns in 6/10 of the time.
    """

    def __init__(self, config: dict[str, Any], attention: str = "sdpa") -> None:
        super().__init__()
        self.trunk = Trunk(config, attention)
        self.head = nn.Linear(config["hidden_size"], 2)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        scores = self.head(self.trunk(ids)).float()  # (batch, length, 2)
        ends = (ids == SEP).long()
        readable = ((ends.cumsum(1) - ends) > 0) & (ends == 0) & (ids != PAD)
        readable[:, 0] = True  # (batch, length): the passage, and [CLS]
        scores = scores.masked_fill(~readable.unsqueeze(-1), -1e4)
        return scores[..., 0], scores[..., 1]  # logits of start and end
