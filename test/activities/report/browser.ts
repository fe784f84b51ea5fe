/**
 * A headless browser of a test's own, which opens files and notes what goes wrong on their pages.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';
import type { Page } from 'puppeteer-core';

export interface Browser {
  /** Opens a file on a page of its own. */
  readonly open: (file: URL, look?: Look) => Promise<OpenPage>;
  readonly close: () => Promise<void>;
}

/** A page, as a test looks at it. */
export interface OpenPage {
  readonly page: Page;
  /** Every message of its console, every error, every request without an answer; it grows. */
  readonly complaints: readonly string[];
  readonly count: (selector: string) => Promise<number>;
  /** Returns the texts of the elements, with single spaces; `shown` leaves out hidden ones. */
  readonly texts: (selector: string, which?: 'all' | 'shown') => Promise<string[]>;
  /** Returns the value of an expression in the page. */
  readonly value: (expression: string) => Promise<unknown>;
  /** Clicks a link and waits until the page that it leads to is loaded: one that is left cannot be asked. */
  readonly follow: (selector: string) => Promise<void>;
}

/** How a page is shown. */
export interface Look {
  readonly width?: number;
  readonly dark?: boolean;
  readonly print?: boolean;
}

/** Starts the browser from a folder of its own, which ends with it. */
export async function startBrowser(): Promise<Browser> {
  const directory = await mkdtemp(join(tmpdir(), 'fire-pbt-browser-'));
  await unpack(directory);
  const browser = await puppeteer.launch({
    // In a single process, one page that ends may end them all.
    args: chromium.args.filter((one) => one !== '--single-process'),
    executablePath: join(directory, 'chromium'),
    headless: 'shell',
    env: {
      ...process.env,
      TMPDIR: directory,
      LD_LIBRARY_PATH: join(directory, 'al2023', 'lib'),
      FONTCONFIG_PATH: join(directory, 'fonts'),
    },
  });
  return {
    open: async (file, { width = 1100, dark = false, print = false } = {}) => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('requestfailed', (request) => complaints.push(`no answer: ${request.url()}`));
      await page.setViewport({ width, height: 900 });
      await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
      if (print) await page.emulateMediaType('print');
      await page.goto(file.href);
      const elements = (selector: string): string => `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
      const value = (expression: string): Promise<unknown> => page.evaluate(expression);
      return {
        page,
        complaints,
        value,
        follow: async (selector) => {
          await Promise.all([page.waitForNavigation(), page.click(selector)]);
        },
        count: async (selector) => (await value(`${elements(selector)}.length`)) as number,
        texts: async (selector, which = 'all') =>
          (await value(
            `${elements(selector)}.filter((one) => ${which === 'all'} || one.getClientRects().length > 0)` +
              `.map((one) => one.textContent.replace(/\\s+/g, ' ').trim())`,
          )) as string[],
      };
    },
    close: async () => {
      await browser.close();
      await rm(directory, { recursive: true, maxRetries: 5 });
    },
  };
}

/** Unpacks the browser with the libraries that a machine may lack (NSS): it does so if it takes this for a cloud's. */
async function unpack(directory: string): Promise<void> {
  const code = "import('@sparticuz/chromium').then(({ default: chromium }) => chromium.executablePath())";
  await promisify(execFile)(process.execPath, ['--eval', code], {
    cwd: import.meta.dirname,
    env: { ...process.env, TMPDIR: directory, CODEBUILD_BUILD_IMAGE: 'nodejs24' },
  });
  // Its own configuration names folders that it does not unpack to. Without a font the browser crashes.
  const [fonts, cache] = [join(directory, 'fonts'), join(directory, 'cache')];
  const configuration = `<fontconfig><dir>${fonts}</dir><cachedir>${cache}</cachedir></fontconfig>`;
  await writeFile(join(fonts, 'fonts.conf'), `<?xml version="1.0"?>\n${configuration}\n`);
}
