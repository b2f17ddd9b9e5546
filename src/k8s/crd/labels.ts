/** Labels, as Kubernetes wants them. */
import { z } from 'zod';

/** Letters, digits, dashes, dots and underlines, as Kubernetes wants for both halves of a label; 63 at most. */
const LABEL_WORD = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
/** What may stand before the slash of a label's key: a DNS name. */
const LABEL_PREFIX = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const LABEL_EXPECTED = 'letters and digits, with dashes, dots and underlines between them, at most 63';

export const labels = z
  .record(z.string(), z.string())
  .superRefine((pairs, context) => {
    for (const [key, value] of Object.entries(pairs)) {
      const [word = '', prefix = 'none', ...more] = key.split('/').reverse();
      const wrong = !LABEL_WORD.test(word) || !LABEL_PREFIX.test(prefix) || more.length > 0;
      const report = (message: string) =>
        context.addIssue({ code: 'custom', path: [key], message, params: { expected: LABEL_EXPECTED } });
      if (wrong) report('is no name of a label');
      else if (value !== '' && !LABEL_WORD.test(value)) report(`is "${value}", which is no value of a label`);
    }
  })
  .meta({ examples: [{ app: 'web' }] });
