"""Words by which columns are usually called, in several languages, for the draft of a card: guesses only."""

from __future__ import annotations


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


# Sex, race, origin, age, religion, disability, marital status, nationality: what anti-discrimination laws protect.
PROTECTED = _words(
    "sex gender race ethnic ethnicity age religion disability disabled nationality citizenship marital marriage",
    "pregnancy pregnant orientation caste tribe native birthplace veteran",
    "geschlecht rasse herkunft alter behinderung staatsangehörigkeit nationalität familienstand",
    "sexe genre âge ethnie origine handicap nationalité",
    "sexo género genero raza etnia edad religión discapacidad nacionalidad",
    "raça idade religião deficiência nacionalidade",
    "sesso genere razza età religione disabilità nazionalità",
    "płeć wiek narodowość cinsiyet yaş ırk din",
    "пол возраст раса религия национальность",
    "الجنس العمر العرق الدين",
    "लिंग आयु धर्म जाति",
    "性别 年龄 种族 民族 宗教 残疾 国籍 性別 年齢 人種 성별 나이 인종 국적",
)
LABEL = _words(
    "label labels y target targets outcome outcomes class truth actual ground_truth y_true two_year_recid recid",
    "income default approved hired churn survived étiquette etiqueta zielwert 标签 目标 结果",
)
PREDICTION = _words(
    "prediction predictions predicted pred preds y_pred yhat y_hat decision output_label",
    "prédiction predicción vorhersage 预测",
)
SCORE = _words("score scores probability prob proba risk decile decile_score y_score y_prob 分数 概率")
