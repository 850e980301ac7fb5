import { describe, expect, it } from 'vitest';
import { CALIBRATION, checkCalibration } from '../examples/demo/rows.js';
import { FRESH_SENTENCES, SENTENCES } from '../examples/demo/sentences.js';

const calibration = CALIBRATION.map(([sentence]) => sentence);

describe("the demo's sentences", () => {
  it('are judged by none that the model is calibrated on, nor settings by those that judge', () => {
    expect(FRESH_SENTENCES).toHaveLength(120);
    expect(new Set([...FRESH_SENTENCES, ...SENTENCES]).size).toBe(240);
    expect(() => {
      checkCalibration(calibration, [...FRESH_SENTENCES, ...SENTENCES]);
    }).not.toThrow();
  });

  it('are refused where nothing is left to calibrate on, or where calibration and judgement share one', () => {
    expect(() => {
      checkCalibration([], SENTENCES);
    }).toThrow('demo: "calibration" expected sentences, got none - calibrate on what the model will meet');
    expect(() => {
      checkCalibration([...calibration, SENTENCES[7]], SENTENCES);
    }).toThrow(
      `demo: "calibration" expected sentences that the model is not judged by, got ${JSON.stringify(SENTENCES[7])} - leave them out of one of the two`,
    );
  });
});
