/**
 * Published results, for comparison with those measured here.
 */
import { UserError } from '../processes/user-error.ts';
import { markdownTable } from '../../workflows/population/markdown-table.ts';

/** The tables by the name that placeholders use. */
const PUBLISHED: Readonly<
  Record<string, { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] }>
> = {
  /** Dalibard & Jaderberg, arXiv 2109.13800. */
  imagenet: {
    header: ['the paper: ImageNet, ResNet-50', 'top-1'],
    rows: [
      ['PBT', '71.7'],
      ['hand-made schedule', '76.6'],
      ['FIRE PBT', '76.5'],
    ],
  },
  /** Chebykin et al., TMLR 2025, §5.2: an independent implementation on their toy tasks; five seeds. */
  toys: {
    header: ['an independent implementation, on the toys of Chebykin et al. (TMLR 2025, §5.2)', 'deceptive', 'plain'],
    rows: [
      ['FIRE PBT', '1.167 ± 0.004', '1.1997'],
      ['PBT', '0.923 ± 0.030', '1.1997'],
    ],
  },
};

/** Returns a table in Markdown. @throws UserError listing the names */
export function publishedTable(name: string): string {
  const found = Object.hasOwn(PUBLISHED, name) ? PUBLISHED[name] : undefined;
  if (found === undefined)
    throw new UserError(`Expected published results (${Object.keys(PUBLISHED).join(', ')}), got \`${name}\``);
  return markdownTable(found.header, found.rows);
}
