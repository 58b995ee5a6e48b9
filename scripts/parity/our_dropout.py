"""torch-lora's dropout for transformers + PEFT's BERT: its masks, so that both sides' runs are comparable number by number.

torch-lora draws a seed a dropout, in the order of the forward pass; query, key and value take one together. A mask is
that of the packed tokens, without padding: [T, features]. After the last layer's attention there is only the first token
of each text: [B, features].
"""
import re

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

PROJECTIONS = ['query', 'key', 'value']


class OurDropout:
    """Takes the place of every dropout of `model`, a PeftModel of BertForSequenceClassification.

    Seeds come from the default generator, as torch-lora's do after `manualSeed`; `library` is the file of its operators.
    """

    def __init__(self, model, library):
        torch.ops.load_library(library)
        last = model.config.num_hidden_layers - 1
        for name, module in list(model.named_modules()):
            if not isinstance(module, torch.nn.Dropout) or module.p == 0:
                continue  # torch-lora draws no seed for a dropout of nothing
            layer = re.search(r'encoder\.layer\.(\d+)\.', name)
            if name.endswith('attention.self.dropout'):
                module.site = name  # only its p is read, by the attention below
                continue
            plane = next((i for i, part in enumerate(PROJECTIONS) if f'.self.{part}.' in name), None)
            site = name if plane is None else name.split('.self.')[0]
            first = plane is None and layer is not None and int(layer.group(1)) == last
            parent = model.get_submodule(name.rpartition('.')[0])
            setattr(parent, name.rpartition('.')[2], Dropped(self, site, module.p, plane, first))
        AttentionInterface.register('torch_lora', self._attention)
        AttentionMaskInterface.register('torch_lora', eager_mask)
        model.get_base_model().set_attn_implementation('torch_lora')

    def begin(self, lengths):
        """The next update's texts, in its order."""
        self.batch, self.tokens = len(lengths), sum(lengths)
        self._longest = max(lengths)
        self._starts = torch.tensor([0, *lengths]).cumsum(0)
        self._masks = {}
        self.take(range(len(lengths)))

    def take(self, texts):
        """Which of them the next forward passes get."""
        self.texts = torch.tensor(list(texts))

    def mask(self, site, size, p):
        """The update's mask of a place in the model; drawn when the first of its texts come there."""
        if site not in self._masks:
            self._masks[site] = torch.ops.lora.dropout_mask(torch.ops.lora.draw_seed(), size, p, torch.empty(0))
        return self._masks[site]

    def tokens_of(self, padded):
        """[texts, padded]: where each token lies in the packed batch; what stands in the padding does not matter."""
        return (self._starts[self.texts, None] + torch.arange(padded)).clamp(max=self.tokens - 1)

    def _attention(self, module, query, key, value, attention_mask, dropout=0.0, scaling=None, **_):
        scores = query @ key.transpose(2, 3) * scaling
        if attention_mask is not None:  # it is None where no row of the batch is padded
            scores = scores + attention_mask
        weights = scores.softmax(-1)
        if dropout > 0:
            heads, padded = query.shape[1], query.shape[2]
            mask = self.mask(module.dropout.site, [heads, self.tokens, self._longest], dropout)
            weights = weights * mask[:, self.tokens_of(padded), :padded].transpose(0, 1)
        return (weights @ value).transpose(1, 2).contiguous(), weights


class Dropped(torch.nn.Module):
    """x * mask; the rows of x are tokens, or texts after the pooler."""

    def __init__(self, owner, site, p, plane, first):
        super().__init__()
        self.owner, self.site, self.p, self.plane, self.first = owner, site, p, plane, first

    def forward(self, x):
        if not self.training:
            return x
        owner, features = self.owner, x.shape[-1]
        if x.dim() == 2 or self.first:
            mask = owner.mask(self.site, [owner.batch, features], self.p)[owner.texts]
            return x * mask if x.dim() == 2 else torch.cat([x[:, :1] * mask[:, None], x[:, 1:]], 1)
        if self.plane is None:
            mask = owner.mask(self.site, [owner.tokens, features], self.p)
        else:
            mask = owner.mask(self.site, [len(PROJECTIONS), owner.tokens, features], self.p)[self.plane]
        return x * mask[owner.tokens_of(x.shape[1])]
