/**
 * The pages of a stack: they are served by its own process, from its two servers.
 */
import type { Client } from '@temporalio/client';
import { ObjectStore } from '../../activities/storage/object-store.ts';
import { DEFAULT_PORT, LivePages } from '../pages/live-pages.ts';
import { servePages } from '../pages/serving.ts';
import { describePortChange } from '../processes/ports.ts';
import { storeSettings } from '../processes/store-settings.ts';
import { storeOptions } from './object-server.ts';
import type { StackRecord } from './running-stack.ts';

/** The running pages. */
export interface StackPages {
  readonly address: string;
  /** Line that says which port replaces the preferred one; undefined if that was free. */
  readonly portChange: string | undefined;
  readonly stop: () => Promise<void>;
}

/** What the pages of a stack are made from. */
export interface StackPagesPlan {
  readonly client: Client;
  readonly s3: StackRecord['s3'];
  readonly bucket: string;
  readonly port?: number | undefined;
}

/** Starts to serve the pages. */
export async function startPages({ client, s3, bucket, port }: StackPagesPlan): Promise<StackPages> {
  const preferred = port ?? DEFAULT_PORT;
  const objects = new ObjectStore(s3.own ? storeSettings() : storeOptions(s3));
  const pages = new LivePages({ objects, bucket, client });
  const { address, stop } = await servePages({ preferred }, (url) => pages.answer(url));
  return {
    address,
    portChange: describePortChange('the page server', preferred, Number(new URL(address).port)),
    stop: async () => {
      await stop();
      await objects.close();
    },
  };
}
