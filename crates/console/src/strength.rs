//! How strong a password would be, by zxcvbn, with its advice in words of our own.

use skerry_domain::{ErrorBody, Secret};
use zxcvbn::feedback::{Suggestion, Warning};

use crate::Console;
use crate::api::{Strength, StrengthAdvice, StrengthQuery};
use crate::console::blocking;

impl Console {
    /// How strong a password is; it is looked at and forgotten.
    pub async fn password_strength(&self, args: StrengthQuery) -> Result<Strength, ErrorBody> {
        // zxcvbn's time grows steeply with the length; its verdict does not.
        let password = Secret::new(args.password.expose().chars().take(128).collect::<String>());
        blocking(move || {
            let estimate = zxcvbn::zxcvbn(password.expose(), &[]);
            let said = estimate.feedback();
            let warning = said.and_then(|feedback| feedback.warning());
            let suggestions = said.map_or(&[][..], |feedback| feedback.suggestions());
            Ok(Strength {
                score: u8::from(estimate.score()),
                guesses_log10: estimate.guesses_log10(),
                advice: warning
                    .iter()
                    .map(ToString::to_string)
                    .chain(suggestions.iter().map(ToString::to_string))
                    .collect(),
                advice_keys: warning
                    .into_iter()
                    .map(of_warning)
                    .chain(suggestions.iter().copied().map(of_suggestion))
                    .collect(),
            })
        })
        .await
    }
}

fn of_warning(warning: Warning) -> StrengthAdvice {
    use StrengthAdvice as To;
    use Warning as From;
    match warning {
        From::StraightRowsOfKeysAreEasyToGuess => To::StraightRowsOfKeysAreEasyToGuess,
        From::ShortKeyboardPatternsAreEasyToGuess => To::ShortKeyboardPatternsAreEasyToGuess,
        From::RepeatsLikeAaaAreEasyToGuess => To::RepeatsLikeAaaAreEasyToGuess,
        From::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => {
            To::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess
        }
        From::ThisIsATop10Password => To::ThisIsATop10Password,
        From::ThisIsATop100Password => To::ThisIsATop100Password,
        From::ThisIsACommonPassword => To::ThisIsACommonPassword,
        From::ThisIsSimilarToACommonlyUsedPassword => To::ThisIsSimilarToACommonlyUsedPassword,
        From::SequencesLikeAbcAreEasyToGuess => To::SequencesLikeAbcAreEasyToGuess,
        From::RecentYearsAreEasyToGuess => To::RecentYearsAreEasyToGuess,
        From::AWordByItselfIsEasyToGuess => To::AWordByItselfIsEasyToGuess,
        From::DatesAreOftenEasyToGuess => To::DatesAreOftenEasyToGuess,
        From::NamesAndSurnamesByThemselvesAreEasyToGuess => {
            To::NamesAndSurnamesByThemselvesAreEasyToGuess
        }
        From::CommonNamesAndSurnamesAreEasyToGuess => To::CommonNamesAndSurnamesAreEasyToGuess,
    }
}

fn of_suggestion(suggestion: Suggestion) -> StrengthAdvice {
    use StrengthAdvice as To;
    use Suggestion as From;
    match suggestion {
        From::UseAFewWordsAvoidCommonPhrases => To::UseAFewWordsAvoidCommonPhrases,
        From::NoNeedForSymbolsDigitsOrUppercaseLetters => {
            To::NoNeedForSymbolsDigitsOrUppercaseLetters
        }
        From::AddAnotherWordOrTwo => To::AddAnotherWordOrTwo,
        From::CapitalizationDoesntHelpVeryMuch => To::CapitalizationDoesntHelpVeryMuch,
        From::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => {
            To::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase
        }
        From::ReversedWordsArentMuchHarderToGuess => To::ReversedWordsArentMuchHarderToGuess,
        From::PredictableSubstitutionsDontHelpVeryMuch => {
            To::PredictableSubstitutionsDontHelpVeryMuch
        }
        From::UseALongerKeyboardPatternWithMoreTurns => To::UseALongerKeyboardPatternWithMoreTurns,
        From::AvoidRepeatedWordsAndCharacters => To::AvoidRepeatedWordsAndCharacters,
        From::AvoidSequences => To::AvoidSequences,
        From::AvoidRecentYears => To::AvoidRecentYears,
        From::AvoidYearsThatAreAssociatedWithYou => To::AvoidYearsThatAreAssociatedWithYou,
        From::AvoidDatesAndYearsThatAreAssociatedWithYou => {
            To::AvoidDatesAndYearsThatAreAssociatedWithYou
        }
    }
}
