/**
 * A code as a picture, for tills that scan: QR, or Code 128 with the code beneath it. The library is loaded when the first
 * picture is asked for, so that nobody's start waits for it.
 */

import { Type } from 'typebox';
import { oneOf } from './schema.ts';

export const IMAGE_TYPES = ['qr', 'code128'] as const;
export type ImageType = (typeof IMAGE_TYPES)[number];
export const IMAGE_FORMATS = ['svg', 'png'] as const;
export type ImageFormat = (typeof IMAGE_FORMATS)[number];

/** For the query of routes that answer with a picture. */
export const imageType = Type.Optional(oneOf(IMAGE_TYPES, 'qr (default), or code128'));

export interface CodeImage {
  contentType: string;
  body: string | Buffer;
}

/** Two pixels for the thinnest line, which printers and cheap scanners still get right, and a white edge. */
const LOOK = { scale: 4, padding: 8, backgroundcolor: 'FFFFFF' };
const SYMBOLS = {
  qr: { bcid: 'qrcode', eclevel: 'M' },
  code128: { bcid: 'code128', height: 12, includetext: true, textxalign: 'center' },
} as const;

/** Null: the code has signs that this type of picture cannot have. */
export async function drawCode(
  code: string,
  type: ImageType,
  format: ImageFormat,
): Promise<CodeImage | null> {
  const { toBuffer, toSVG } = await import('bwip-js/node');
  const options = { ...LOOK, ...SYMBOLS[type], text: code };
  try {
    if (format === 'png') return { contentType: 'image/png', body: await toBuffer(options) };
    return { contentType: 'image/svg+xml; charset=utf-8', body: toSVG(options) };
  } catch (error) {
    if (String(error).includes('bwipp.')) return null;
    throw error;
  }
}
