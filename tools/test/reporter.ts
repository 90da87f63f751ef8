/** mocha reporter: the usual lines for people, and JSON in the file that `--reporter-option output=` names. */
import mocha from 'mocha';

export default class SpecAndJson extends mocha.reporters.Spec {
  constructor(runner: mocha.Runner, options: mocha.MochaOptions) {
    super(runner, options);
    new mocha.reporters.JSON(runner, options);
  }
}
